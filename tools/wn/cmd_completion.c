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

static void bash(FILE *to)
{
	const struct wn_cmd *c, *v;

	fputs("# bash completion for wn; from: wn completion bash\n"
	      "_wn()\n{\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} cmd='' verb='' i w words=''\n"
	      "\tlocal mount=${WORKNODE_MOUNT:-" WN_FS_PATH "}\n"
	      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "\t\tw=${COMP_WORDS[i]}\n"
	      "\t\tcase $w in\n"
	      "\t\t-m) mount=${COMP_WORDS[i+1]}; i=$((i + 1)) ;;\n"
	      "\t\t-d|--cap|--color) i=$((i + 1)) ;;\n"
	      "\t\t-*) ;;\n"
	      "\t\t*) if [[ -z $cmd ]]; then cmd=$w; elif [[ -z $verb ]]; then verb=$w; fi ;;\n"
	      "\t\tesac\n"
	      "\tdone\n"
	      "\tcase $prev in\n"
	      "\t-m) mapfile -t COMPREPLY < <(compgen -d -- \"$cur\"); return ;;\n"
	      "\t-d) mapfile -t COMPREPLY < <(compgen -X '@(control|features)' -W \"$(cd -- \"$mount\" 2>/dev/null && printf '%s\\n' *)\" -- \"$cur\"); return ;;\n"
	      "\t--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- \"$cur\"); return ;;\n"
	      "\tesac\n"
	      "\tcase $cmd in\n"
	      "\t'') words='", to);
	for (c = wn_cmds; c->name; c++)
		fprintf(to, "%s ", c->name);
	fprintf(to, "%s' ;;\n", options);
	for (c = wn_cmds; c->name; c++) {
		fprintf(to, "\t%s) ", c->name);
		if (!c->verbs) {
			fputs("words='", to);
			options_of(to, c->usage, " ");
			fputs("' ;;\n", to);
			continue;
		}
		fputs("case $verb in\n\t\t'') words='", to);
		for (v = c->verbs; v->name; v++)
			fprintf(to, "%s%s", v == c->verbs ? "" : " ", v->name);
		fputs("' ;;\n", to);
		for (v = c->verbs; v->name; v++) {
			fprintf(to, "\t\t%s) words='", v->name);
			options_of(to, v->usage, " ");
			fputs("' ;;\n", to);
		}
		fputs("\t\tesac ;;\n", to);
	}
	fputs("\tesac\n\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n}\n"
	      "complete -F _wn wn\n", to);
}

static void zsh(FILE *to)
{
	fputs("#compdef wn\n# zsh completion for wn; from: wn completion zsh\n"
	      "autoload -U +X bashcompinit && bashcompinit\n", to);
	bash(to);
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

static void fish(FILE *to)
{
	const struct wn_cmd *c, *v;

	fputs("# fish completion for wn; from: wn completion fish\n"
	      "complete -c wn -f\n"
	      "complete -c wn -s m -l mount -r -a '(__fish_complete_directories)' -d 'the instance'\n"
	      "complete -c wn -s d -l domain -x -d 'the domain'\n"
	      "complete -c wn -s e -l embed -d 'no module: a demo domain'\n"
	      "complete -c wn -l json -d 'output for machines'\n", to);
	for (c = wn_cmds; c->name; c++) {
		fprintf(to, "complete -c wn -n __fish_use_subcommand -a %s -d ", c->name);
		quoted(to, c->help);
		fputc('\n', to);
		for (v = c->verbs; v && v->name; v++) {
			fprintf(to, "complete -c wn -n '__fish_seen_subcommand_from %s' -a %s -d ",
				c->name, v->name);
			quoted(to, v->help);
			fputc('\n', to);
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
