/* SPDX-License-Identifier: MIT */
#include <oomctl/base.h>

#include "internal.h"

#define TEXT_OF(x) #x
#define DOTTED(a, b, c) TEXT_OF(a) "." TEXT_OF(b) "." TEXT_OF(c)

OOMCTL_EXPORT const char *oomctl_version(void)
{
	return DOTTED(OOMCTL_VERSION_MAJOR, OOMCTL_VERSION_MINOR, OOMCTL_VERSION_PATCH);
}

OOMCTL_EXPORT const char *oomctl_strerror(int code)
{
	switch (code) {
	case 0:
		return "Success.";
	case -EINVAL:
		return "An argument is out of its documented range, or the kernel refused "
		       "the value: check the call's documentation.";
	case -ENOMEM:
		return "Out of memory.";
	case -EMFILE:
		return "This process has too many open files: close some, or raise "
		       "RLIMIT_NOFILE.";
	case -ENFILE:
		return "This machine has too many open files: raise fs.file-max.";
	case -EACCES:
		return "No right to do this. A knob of the machine needs root of the "
		       "initial user namespace; an oom_score_adj below its floor needs "
		       "CAP_SYS_RESOURCE there; the files of a process that is not "
		       "dumpable, as after setuid(), belong to root; any other file "
		       "needs the permission of its owner.";
	case -EPERM:
		return "Forbidden by a security module, a BPF program, or "
		       "hidepid=noaccess on /proc.";
	case -EROFS:
		return "/proc or /proc/sys is mounted read-only, as in most containers: "
		       "do this outside of the container.";
	case -ESRCH:
		return "No such process: it has ended, is hidden, or is of a pid "
		       "namespace that this /proc does not show.";
	case -EOPNOTSUPP:
		return "No such file: this kernel has no such knob or cgroup, /proc is not "
		       "mounted or does not show it (subset=pid), a directory is missing, or "
		       "no file sets the knob.";
	case -EBADMSG:
		return "The file does not hold text of its documented form: is this root "
		       "really /proc, or this line of a drop-in a plain number?";
	case -ERANGE:
		return "A number lies outside its documented range, or none within it will do.";
	case -EBUSY:
		return "It would do harm as things are: a risk that was not accepted, a "
		       "guard that is paused already, or the caller would be frozen.";
	case -EIO:
		return "The kernel failed in another way, or a write was cut short.";
	default:
		return "Not a result of this library.";
	}
}
