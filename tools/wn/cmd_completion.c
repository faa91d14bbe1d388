// SPDX-License-Identifier: MIT
#include "cmd.h"

#include <stdlib.h>
#include <string.h>

#include "opts.h"

/* What the table of commands says, as three shells want to be told it. */

static const char options[] = "-m -d -e --live --json --cap --color --help --version";

/* The words of a usage that are options: "--type", "-r". */
static void options_of(FILE *to, const char *usage, const char *before)
{
	const char *s;
	size_t len;

	for (s = usage; (s = strchr(s, '-')); s += len) {
		len = strspn(s, "-abcdefghijklmnopqrstuvwxyz");
		if ((s == usage || strchr("[ ", s[-1])) && len > 1)
			fprintf(to, "%s%.*s", before, (int)len, s);
		if (!len)
			len = 1;
	}
}

/*
 * What may come at this place, in a list: for shells that have the command in cmd and its
 * verb in verb, as far as these are there.
 */
static void table(FILE *to)
{
	const struct wn_cmd *c, *v;

	fputs("\tcase $cmd in\n"
	      "\t'') list='", to);
	for (c = wn_cmds; c->name; c++)
		fprintf(to, "%s ", c->name);
	fprintf(to, "%s' ;;\n", options);
	for (c = wn_cmds; c->name; c++) {
		fprintf(to, "\t%s) ", c->name);
		if (!c->verbs) {
			fputs("list='", to);
			options_of(to, c->usage, " ");
			fputs("' ;;\n", to);
			continue;
		}
		fputs("case $verb in\n\t\t'') list='", to);
		for (v = c->verbs; v->name; v++)
			fprintf(to, "%s%s", v == c->verbs ? "" : " ", v->name);
		fputs("' ;;\n", to);
		for (v = c->verbs; v->name; v++) {
			fprintf(to, "\t\t%s) list='", v->name);
			options_of(to, v->usage, " ");
			fputs("' ;;\n", to);
		}
		fputs("\t\tesac ;;\n", to);
	}
	fputs("\tesac\n", to);
}

/* The words before the cursor: cmd, verb, and where the instance is. */
static void scan(FILE *to, const char *words, int first, const char *cursor)
{
	fprintf(to,
		"\tfor ((i = %d; i < %s; i++)); do\n"
		"\t\tw=${%s[i]}\n"
		"\t\tcase $w in\n"
		"\t\t-m|--mount) i=$((i + 1)); mount=${%s[i]} ;;\n"
		"\t\t-d|--domain|--cap|--color) i=$((i + 1)) ;;\n"
		"\t\t-*) ;;\n"
		"\t\t*) if [[ -z $cmd ]]; then cmd=$w; elif [[ -z $verb ]]; then verb=$w; fi ;;\n"
		"\t\tesac\n"
		"\tdone\n", first, cursor, words, words);
}

static void bash(FILE *to)
{
	fputs("# bash completion for wn; from: wn completion bash\n"
	      "_wn()\n{\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} cmd='' verb='' i w list=''\n"
	      "\tlocal mount=${WORKNODE_MOUNT:-" WN_FS_PATH "}\n", to);
	scan(to, "COMP_WORDS", 1, "COMP_CWORD");
	fputs("\tcase $prev in\n"
	      "\t-m|--mount) mapfile -t COMPREPLY < <(compgen -d -- \"$cur\"); return ;;\n"
	      "\t-d|--domain) mapfile -t COMPREPLY < <(compgen -X '@(control|features)' -W \"$(cd -- \"$mount\" 2>/dev/null && printf '%s\\n' *)\" -- \"$cur\"); return ;;\n"
	      "\t--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- \"$cur\"); return ;;\n"
	      "\tesac\n", to);
	table(to);
	fputs("\tmapfile -t COMPREPLY < <(compgen -W \"$list\" -- \"$cur\")\n}\n"
	      "complete -F _wn wn\n", to);
}

/* As a file _wn of the fpath, or sourced. */
static void zsh(FILE *to)
{
	fputs("#compdef wn\n# zsh completion for wn; from: wn completion zsh\n"
	      "_wn()\n{\n"
	      "\tlocal prev=${words[CURRENT-1]} cmd='' verb='' w list=''\n"
	      "\tlocal mount=${WORKNODE_MOUNT:-" WN_FS_PATH "}\n"
	      "\tlocal -i i\n"
	      "\tlocal -a found\n", to);
	scan(to, "words", 2, "CURRENT");
	fputs("\tcase $prev in\n"
	      "\t-m|--mount) _files -/; return ;;\n"
	      "\t-d|--domain) found=(${mount}/*(N:t)); compadd -- ${found:#(control|features)}; return ;;\n"
	      "\t--color) compadd -- auto always never; return ;;\n"
	      "\tesac\n", to);
	table(to);
	fputs("\tcompadd -- ${=list}\n}\n"
	      "compdef _wn wn\n"
	      "[[ ${funcstack[1]} != _wn ]] || _wn\n", to);
}

/* In single quotes. */
static void quoted(FILE *to, const char *s)
{
	fputc('\'', to);
	for (; *s; s++) {
		if (*s == '\'' || *s == '\\')
			fputc('\\', to);
		fputc(*s, to);
	}
	fputc('\'', to);
}

/* The options of a command, where it was said. */
static void fish_options(FILE *to, const char *cmd, const char *verb, const char *usage)
{
	char where[128];

	snprintf(where, sizeof(where), verb ? "\ncomplete -c wn -n '__fish_seen_subcommand_from %s; "
					      "and __fish_seen_subcommand_from %s' -a " :
					      "\ncomplete -c wn -n '__fish_seen_subcommand_from %s' -a ",
		 cmd, verb);
	options_of(to, usage, where);
	fputc('\n', to);
}

static void fish(FILE *to)
{
	const struct wn_cmd *c, *v;

	fputs("# fish completion for wn; from: wn completion fish\n"
	      "complete -c wn -f\n"
	      "complete -c wn -s m -l mount -x -a '(__fish_complete_directories)' -d 'the instance'\n"
	      "complete -c wn -s d -l domain -x -d 'the domain' "
	      "-a '(command ls " WN_FS_PATH " 2>/dev/null | string match -rv \"^(control|features)\\$\")'\n"
	      "complete -c wn -s e -l embed -d 'no module: a demo domain'\n"
	      "complete -c wn -l live -d 'the demo domain changes'\n"
	      "complete -c wn -l cap -x -d 'act under that capability'\n"
	      "complete -c wn -l color -x -a 'auto always never' -d 'colours'\n"
	      "complete -c wn -l json -d 'output for machines'\n"
	      "complete -c wn -l help\n"
	      "complete -c wn -l version\n", to);
	for (c = wn_cmds; c->name; c++) {
		fprintf(to, "complete -c wn -n __fish_use_subcommand -a %s -d ", c->name);
		quoted(to, c->help);
		fputc('\n', to);
		if (!c->verbs)
			fish_options(to, c->name, NULL, c->usage);
		for (v = c->verbs; v && v->name; v++) {
			fprintf(to, "complete -c wn -n '__fish_seen_subcommand_from %s; and not "
				"__fish_seen_subcommand_from", c->name);
			for (const struct wn_cmd *other = c->verbs; other->name; other++)
				fprintf(to, " %s", other->name);
			fprintf(to, "' -a %s -d ", v->name);
			quoted(to, v->help);
			fputc('\n', to);
			fish_options(to, c->name, v->name, v->usage);
		}
	}
}

int cmd_completion(struct wn_ctx *ctx, int argc, char **argv)
{
	struct wn_opts o;
	int status;

	wn_opts_begin(&o, argc, argv);
	status = wn_opts_end(&o, 1, 1);
	if (!status && ctx->json)
		status = wn_usage("a shell reads no JSON", NULL);
	if (status)
		return status;
	if (!strcmp(o.arg[0], "bash"))
		bash(ctx->out);
	else if (!strcmp(o.arg[0], "zsh"))
		zsh(ctx->out);
	else if (!strcmp(o.arg[0], "fish"))
		fish(ctx->out);
	else
		return wn_usage("the shells are bash, zsh and fish", o.arg[0]);
	return WN_EXIT_OK;
}
