# SPDX-License-Identifier: MIT
# The command line of `run`.
# shellcheck shell=bash

usage() {
	cat >&2 <<-'EOF'
	usage: run --kernel NAME [options] -- CMD...      run one command; its output and exit status are passed on
	       run --kernel NAME [options] --list FILE    run one test per line of FILE; TAP 13, exit 0 only when none failed
	NAME: 6.1 6.12 (Debian's), debug kcsan (sanitizers), uml uml-debug (User-Mode Linux), icount (6.12, counted time)
	  --module PATH|none   worknode module to load (default: $WN_MODULE, else build/modules-RELEASE/worknode.ko if it is there)
	  --modprobe           load it by `modprobe worknode` from /lib/modules instead
	  --module-args ARGS   parameters for it
	  --timeout SEC        limit for the whole run (900)
	  --test-timeout SEC   limit for each test of a list (300; 0: none)
	  --mem SIZE           memory of the guest (1G; debug 2G; uml 512M; uml-debug 1G)
	  --cpus N             CPUs (2; icount and uml have one)
	  --log DIR            where the logs go (build/vm/NAME/TIME)
	  --share DIR          a folder below /tmp, /run, /mnt or /var/tmp that the guest is to see, too (may be repeated)
	  --monitor SOCKET     QEMU's monitor listens there (for profilers and debuggers)
	  --append "ARGS"      more for the kernel's command line
	  --keep-going         a warning does not stop the guest; after its death boot again with the next test
	  --no-leaks           no kmemleak scan at the end
	  --no-unload          leave the module loaded at the end
	  --verbose            show the output of tests that passed, too
	A line of a list may begin with attributes: [timeout=SEC] [leaks] (scan after this test) [traces] (stack traces are expected)
	[alone] (on one CPU: the test has code patched, of which an emulated CPU may run what was there before).
	Exit status of a single command, when not its own: 123 the kernel log shows a fault, 124 time limit, 125 the guest died, 126 it was never started.
	EOF
	exit 2
}

parse_options() {
	OPT_KERNEL='' OPT_TIMEOUT=900 OPT_TEST_TIMEOUT=300 OPT_MEM='' OPT_CPUS=2 OPT_LOG='' OPT_MODULE=${WN_MODULE:-} OPT_MODPROBE=0
	OPT_MODULE_ARGS='' OPT_APPEND='' OPT_KEEP_GOING=0 OPT_LEAKS=end OPT_UNLOAD=1 OPT_VERBOSE=0 OPT_LIST='' OPT_SHARE='' OPT_MONITOR='' MODE='' COMMAND=()
	while [ $# -gt 0 ]; do
		case $1 in
		--kernel|--timeout|--test-timeout|--mem|--cpus|--log|--module|--module-args|--append|--list|--share|--monitor)
			[ $# -ge 2 ] || die "$1 wants a value (see --help)" ;;
		esac
		case $1 in
		--kernel)       OPT_KERNEL=$2; shift ;;
		--timeout)      OPT_TIMEOUT=$2; shift ;;
		--test-timeout) OPT_TEST_TIMEOUT=$2; shift ;;
		--mem)          OPT_MEM=$2; shift ;;
		--cpus)         OPT_CPUS=$2; shift ;;
		--log)          OPT_LOG=$2; shift ;;
		--module)       OPT_MODULE=$2; shift ;;
		--module-args)  OPT_MODULE_ARGS=$2; shift ;;
		--append)       OPT_APPEND=$2; shift ;;
		--share)        OPT_SHARE+=" $(realpath -e "$2" 2>/dev/null)" || die "--share: there is no $2"; shift ;;
		--monitor)      OPT_MONITOR=$2; shift ;;
		--list)         OPT_LIST=$2 MODE=list; shift ;;
		--modprobe)     OPT_MODPROBE=1 ;;
		--keep-going)   OPT_KEEP_GOING=1 ;;
		--no-leaks)     OPT_LEAKS=none ;;
		--no-unload)    OPT_UNLOAD=0 ;;
		--verbose)      OPT_VERBOSE=1 ;;
		--) shift; COMMAND=("$@"); break ;;
		-h|--help) usage ;;
		*) die "unknown option '$1' (see --help)" ;;
		esac
		shift
	done
	check_options
}

check_options() {
	case " $VM_KERNELS " in
	*" ${OPT_KERNEL:-none} "*) ;;
	*) die "--kernel must be one of: $VM_KERNELS" ;;
	esac
	[[ $OPT_TIMEOUT =~ ^[1-9][0-9]*$ ]] || die "--timeout '$OPT_TIMEOUT' is not a number of seconds"
	[[ $OPT_TEST_TIMEOUT =~ ^[0-9]+$ ]] || die "--test-timeout '$OPT_TEST_TIMEOUT' is not a number of seconds"
	[[ -z $OPT_MONITOR || $OPT_KERNEL != uml* ]] || die "--monitor: User-Mode Linux runs without QEMU"
	[[ $OPT_CPUS =~ ^[1-9][0-9]*$ ]] || die "--cpus '$OPT_CPUS' is not a number"
	if [ "$MODE" = list ]; then
		[ ${#COMMAND[@]} -eq 0 ] || die "either --list or a command, not both"
		[ -r "$OPT_LIST" ] || die "cannot read the list $OPT_LIST"
		mapfile -t TESTS < <(sed -E 's/^[[:space:]]+//; /^(#|$)/d' "$OPT_LIST")
		[ ${#TESTS[@]} -gt 0 ] || die "the list $OPT_LIST holds no test"
	else
		[ ${#COMMAND[@]} -gt 0 ] || die "nothing to run: give -- CMD... or --list FILE (see --help)"
		MODE=single OPT_TEST_TIMEOUT=0
		local quoted
		printf -v quoted '%q ' "${COMMAND[@]}"
		TESTS=("${quoted% }")
	fi
	if [ -z "$OPT_MEM" ]; then
		case $OPT_KERNEL in
		debug) OPT_MEM=2G ;; uml) OPT_MEM=512M ;; *) OPT_MEM=1G ;;
		esac
	fi
	[ "$(id -u)" -eq 0 ] || die "must run as root: the guest sees this machine's root through a private mount namespace (mount, unshare), and virtiofsd and hostfs must read every file of it. Try: sudo $0 ..."
}

# Sets MODULE (path or empty) and MODULE_NAME for the release that will be booted.
choose_module() {
	local release
	MODULE='' MODULE_NAME=''
	if [ "$OPT_MODPROBE" -eq 1 ]; then MODULE_NAME=worknode; return; fi
	[ "$OPT_MODULE" != none ] || return 0
	release=$("$VM_DIR/kernel" "$OPT_KERNEL" --path release)
	MODULE=$OPT_MODULE
	if [ -z "$MODULE" ]; then
		MODULE=$VM_TOP/build/modules-$release/worknode.ko
		[ -e "$MODULE" ] || { MODULE=''; return 0; }
	fi
	[ -r "$MODULE" ] || die "no module at $MODULE (make modules KDIR=$("$VM_DIR/kernel" "$OPT_KERNEL" --path build))"
	MODULE=$(realpath "$MODULE")
	MODULE_NAME=$(basename "$MODULE" .ko)
	MODULE_NAME=${MODULE_NAME//-/_}
}
