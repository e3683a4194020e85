/* SPDX-License-Identifier: MIT */
#include <oomctl/why.h>

#include <oomctl/proc.h>

#include "cause.h"
#include "internal.h"
#include "io.h"
#include "knob.h"
#include "process.h"

#define OOM_SCORE_ADJ (&knob_of_process[OOMCTL_PROC_OOM_SCORE_ADJ])

/* Whose file it is, and what was to be written. */
struct attempt {
	const struct oomctl_ctx *ctx;
	struct oomctl_ctx process; /* its directory */
	pid_t pid;                 /* 0 for the caller */
	int pidfd;                 /* -1 by pid */
	int32_t adj;
	int code;
};

static int found(struct oomctl_why *w, enum oomctl_why_cause cause)
{
	w->cause = cause;
	return 0;
}

static int found_with(struct oomctl_why *w, enum oomctl_why_cause cause,
		      const char *capability)
{
	memcpy(w->capability, capability, strlen(capability) + 1);
	return found(w, cause);
}

/* By a number that it has in this /proc, or that one of its threads has. */
static int is_own(const struct attempt *a)
{
	char path[PROCESS_PATH_SIZE];
	uint32_t owner;
	int r;

	if (a->pid == 0)
		return 1;

	r = io_owner(
	    a->ctx,
	    prepend_text(prepend_i32(process_path_end(path), a->pid), "/proc/self/task/"),
	    &owner);
	if (r == -EOPNOTSUPP)
		return 0;
	return r < 0 ? r : 1;
}

/* Whether the process would be the caller's to set, were it dumpable: 1 or 0. */
static int is_same_user(const struct attempt *a)
{
	struct parse_status status;
	int r = is_own(a);

	if (r != 0)
		return r;

	r = process_read_status(&a->process, "/proc/status", &status);
	return r < 0 ? r : status.uid == io_effective_uid();
}

/* Its file may not be opened to be set. */
static int not_owner(const struct attempt *a, struct oomctl_why *w)
{
	uint32_t owner;
	int r;

	r = cause_is_read_only(&a->process, KNOB_OOM_SCORE_ADJ);
	if (r < 0)
		return r;
	if (r != 0)
		return found(w, OOMCTL_WHY_READ_ONLY);

	r = io_owner(&a->process, KNOB_OOM_SCORE_ADJ, &owner);
	if (r < 0)
		return r;
	if (owner == io_effective_uid())
		return found(w, OOMCTL_WHY_SECURITY_MODULE);

	r = is_same_user(a);
	if (r < 0)
		return r;
	return found_with(w, r == 1 ? OOMCTL_WHY_NOT_DUMPABLE : OOMCTL_WHY_OTHER_USER,
			  "CAP_DAC_OVERRIDE");
}

/* hidepid=noaccess keeps the caller from all files of a process. */
static int forbidden(const struct attempt *a, struct oomctl_why *w)
{
	uint32_t owner;

	if (io_owner(&a->process, KNOB_OOM_SCORE_ADJ, &owner) == -EPERM)
		return found_with(w, OOMCTL_WHY_HIDDEN, "CAP_SYS_PTRACE");
	return found(w, OOMCTL_WHY_SECURITY_MODULE);
}

/* Nothing is in the way of the value, or nothing that can be seen. */
static int not_floor(const struct attempt *a, struct oomctl_why *w)
{
	w->flags = 0;
	return found(w, a->code == 0 ? OOMCTL_WHY_NONE : OOMCTL_WHY_SECURITY_MODULE);
}

/* What is in force; any value is below that when it may not be read. */
static int read_present(const struct attempt *a, int32_t *out, struct oomctl_why *w)
{
	int r = process_is_gone(knob_get(&a->process, OOM_SCORE_ADJ, out));

	if (cause_is_refusal(r)) {
		*out = OOMCTL_SCORE_ADJ_MAX + 1;
		w->flags |= OOMCTL_WHY_MAYBE;
		return 0;
	}
	if (r == -EBADMSG || r == -ERANGE) {
		*out = OOMCTL_SCORE_ADJ_MIN; /* plain files have no floor */
		return 0;
	}
	return r;
}

/* How the caller holds what lets it go below the floor; or a code. */
static int holds_resource(const struct attempt *a)
{
	int r = process_holds(a->ctx, PROCESS_SYS_RESOURCE);

	return r == -EOPNOTSUPP ? PROCESS_LACKS : r; /* it is not shown here */
}

/* Below the present value, and perhaps below the floor. */
static int below(const struct attempt *a, struct oomctl_why *w)
{
	int r = holds_resource(a);

	if (r < 0)
		return r;
	if (r == PROCESS_HOLDS)
		return not_floor(a, w);

	if (a->code == 0)
		w->flags |= OOMCTL_WHY_MAYBE;
	return found_with(
	    w, r == PROCESS_LACKS ? OOMCTL_WHY_BELOW_FLOOR : OOMCTL_WHY_USER_NAMESPACE,
	    "CAP_SYS_RESOURCE");
}

/* Hidden, as all of another pid namespace is; or there is no /proc here. */
static int not_shown(const struct attempt *a, struct oomctl_why *w)
{
	struct io_mount mount = { false, false };
	uint32_t owner;
	int r;

	r = io_mount_of(a->ctx, "/proc/.", &mount);
	if (r < 0 && r != -EOPNOTSUPP)
		return r;
	if (mount.is_proc)
		return found(w, OOMCTL_WHY_HIDDEN);

	r = io_owner(a->ctx, "/proc/self", &owner);
	return found(w, r == 0 ? OOMCTL_WHY_GONE : OOMCTL_WHY_NOT_PROC);
}

/* hidepid keeps the files from being found, and the directory from being listed, but not
 * always from being opened. */
static int is_hidden(const struct attempt *a, struct oomctl_why *w)
{
	struct oomctl_ctx process = { AT_FDCWD, AT_FDCWD };
	uint32_t owner;
	int r = process_open(a->ctx, a->pid, &process);

	if (r == 0) {
		process_close(&process);
		return 1;
	}
	if (r != -ESRCH)
		return r;
	if (!a->ctx)
		return io_pid_exists(a->pid) == 0;

	/* The context may be of another pid namespace, where nobody can be asked. Pid 1 is
	 * in each: where it is missing, others may be. */
	if (io_owner(a->ctx, "/proc/1", &owner) != -EOPNOTSUPP)
		return 0;
	w->flags |= OOMCTL_WHY_MAYBE;
	return 1;
}

static int missing_by_pid(const struct attempt *a, struct oomctl_why *w)
{
	char path[PROCESS_PATH_SIZE];
	uint32_t owner;
	int r;

	/* The number may be in use again. */
	if (io_owner(a->ctx, process_path(path, a->pid, KNOB_OOM_SCORE_ADJ), &owner) == 0)
		return found(w, OOMCTL_WHY_GONE);
	r = not_shown(a, w);
	if (r < 0 || w->cause != OOMCTL_WHY_HIDDEN || a->pid == 0)
		return r;

	r = is_hidden(a, w);
	if (r < 0)
		return r;
	return r == 1 ? found_with(w, OOMCTL_WHY_HIDDEN, "CAP_SYS_PTRACE")
		      : found(w, OOMCTL_WHY_GONE);
}

static int missing(const struct attempt *a, struct oomctl_why *w)
{
	int r;

	if (a->pidfd < 0)
		return missing_by_pid(a, w);

	r = io_pidfd_running(a->pidfd);
	if (r == -ESRCH)
		return found(w, OOMCTL_WHY_GONE);
	if (r == 0)
		r = not_shown(a, w);
	if (r == 0 && w->cause == OOMCTL_WHY_HIDDEN && a->pid > 0)
		return found_with(w, OOMCTL_WHY_HIDDEN, "CAP_SYS_PTRACE");
	return r;
}

/* The process is looked at again: what stands in the way now. */
static int look(const struct attempt *a, struct oomctl_why *w)
{
	int32_t present = OOMCTL_SCORE_ADJ_MIN;
	int r = process_is_gone(io_try_to_set(&a->process, KNOB_OOM_SCORE_ADJ));

	if (r == 0 && a->code != -EPERM) /* which the floor never is */
		r = read_present(a, &present, w);
	switch (r) {
	case 0:
		return a->adj < present ? below(a, w) : not_floor(a, w);
	case -EACCES:
		return not_owner(a, w);
	case -EPERM:
		return forbidden(a, w);
	case -EROFS:
		return found(w, OOMCTL_WHY_READ_ONLY);
	case -ESRCH:
		return missing(a, w);
	default:
		return r;
	}
}

/* Not even its directory is reached: by pidfd, a file of the caller's own is read first. */
static int not_reached(const struct attempt *a, int code, struct oomctl_why *w)
{
	if (code == -ESRCH)
		return missing(a, w);
	if (code == -EACCES && !io_is_dumpable())
		return found_with(w, OOMCTL_WHY_NOT_DUMPABLE, "CAP_DAC_OVERRIDE");
	if (cause_is_refusal(code))
		return found(w, OOMCTL_WHY_SECURITY_MODULE);
	return code;
}

/* reached is what came of opening the directory of the process. */
static int explain(const struct attempt *a, int reached, struct oomctl_why *w)
{
	if (a->code == -EINVAL || !knob_takes(OOM_SCORE_ADJ, a->adj))
		return found(w, OOMCTL_WHY_BAD_VALUE);

	switch (a->code) {
	case 0:
	case -EACCES:
	case -EPERM:
		return reached < 0 ? not_reached(a, reached, w) : look(a, w);
	case -EROFS:
		return found(w, OOMCTL_WHY_READ_ONLY);
	case -ESRCH:
		return missing(a, w);
	default:
		return found(w, OOMCTL_WHY_OTHER);
	}
}

static void name_path(const struct attempt *a, struct oomctl_why *w)
{
	char buf[PROCESS_PATH_SIZE];
	const char *path = process_path(buf, a->pid, KNOB_OOM_SCORE_ADJ);

	memcpy(w->path, path, strlen(path) + 1);
}

static int explain_and_close(const struct attempt *a, int reached, struct oomctl_why *w,
			     struct oomctl_why *out, size_t size)
{
	int r = explain(a, reached, w);

	if (reached == 0)
		process_close(&a->process);
	if (r == 0)
		fill(out, size, w, sizeof(*w));
	return r;
}

OOMCTL_EXPORT int oomctl_why_vm(const struct oomctl_ctx *ctx, enum oomctl_vm_knob knob,
				int code, struct oomctl_why *out, size_t size)
{
	struct oomctl_why w = { 0 };
	const char *path;
	int r;

	if (knob < OOMCTL_VM_OVERCOMMIT_MEMORY || knob > OOMCTL_VM_PANIC_TIMEOUT ||
	    code > 0 || !out || !is_size(size))
		return -EINVAL;

	path = knob_of_vm[knob].path;
	memcpy(w.path, path, strlen(path) + 1);
	r = cause_of_knob(ctx, path, code, &w.cause);
	if (r == 0)
		fill(out, size, &w, sizeof(w));
	return r;
}

OOMCTL_EXPORT int oomctl_why_proc(const struct oomctl_ctx *ctx, pid_t pid, int32_t adj,
				  int code, struct oomctl_why *out, size_t size)
{
	struct attempt a = { ctx, { AT_FDCWD, AT_FDCWD }, pid, -1, adj, code };
	struct oomctl_why w = { 0 };
	int reached;

	if (pid < 0 || code > 0 || !out || !is_size(size))
		return -EINVAL;

	name_path(&a, &w);
	reached = process_open(ctx, pid, &a.process);
	return explain_and_close(&a, reached, &w, out, size);
}

OOMCTL_EXPORT int oomctl_why_pidfd(const struct oomctl_ctx *ctx, int pidfd, int32_t adj,
				   int code, struct oomctl_why *out, size_t size)
{
	struct attempt a = { ctx, { AT_FDCWD, AT_FDCWD }, 0, pidfd, adj, code };
	struct oomctl_why w = { 0 };
	int reached;

	if (pidfd < 0 || code > 0 || !out || !is_size(size))
		return -EINVAL;

	reached = process_pid_of(ctx, pidfd, &a.pid);
	if (reached == 0) {
		name_path(&a, &w);
		reached = process_open_pidfd(ctx, pidfd, &a.process);
	}
	if (reached == -EINVAL)
		return -EINVAL;
	return explain_and_close(&a, reached, &w, out, size);
}

OOMCTL_EXPORT const char *oomctl_why_sentence(enum oomctl_why_cause cause)
{
	switch (cause) {
	case OOMCTL_WHY_NONE:
		return "Nothing stands in the way.";
	case OOMCTL_WHY_BELOW_FLOOR:
		return "The value is below the floor of the process, which is the last one "
		       "that a holder of CAP_SYS_RESOURCE has set, or 0: run with that "
		       "capability, or settle for a higher value.";
	case OOMCTL_WHY_USER_NAMESPACE:
		return "The value is below the floor of the process, and CAP_SYS_RESOURCE "
		       "is held in a child user namespace only, where it does not count: "
		       "have it set from the initial one, or settle for a higher value.";
	case OOMCTL_WHY_NOT_DUMPABLE:
		return "The process is not dumpable, as after setuid() or with file "
		       "capabilities, or its main thread has ended, so that its files "
		       "belong to root: set the value before, let it call "
		       "prctl(PR_SET_DUMPABLE, 1) or exec(), go by the id of another of "
		       "its threads, or hold CAP_DAC_OVERRIDE.";
	case OOMCTL_WHY_OTHER_USER:
		return "The process belongs to another user: be that user, or hold "
		       "CAP_DAC_OVERRIDE.";
	case OOMCTL_WHY_READ_ONLY:
		return "/proc or /proc/sys is mounted read-only, as in most containers: "
		       "do this outside of the container.";
	case OOMCTL_WHY_HOST_WIDE:
		return "The knob is the whole machine's, and the caller is root of a user "
		       "namespace only: do this as root of the machine.";
	case OOMCTL_WHY_NOT_ROOT:
		return "A knob of the machine is for user ID 0 only, and no capability "
		       "makes up for that: do this as root.";
	case OOMCTL_WHY_HIDDEN:
		return "This /proc does not show it: it is mounted with hidepid or "
		       "subset=pid, or is of another pid namespace: use one that shows it.";
	case OOMCTL_WHY_NO_KNOB:
		return "This kernel has no such knob: do without.";
	case OOMCTL_WHY_GONE:
		return "The process has ended: there is nothing to set.";
	case OOMCTL_WHY_BAD_VALUE:
		return "The value is out of its documented range, or this kernel takes "
		       "less: check the call's documentation.";
	case OOMCTL_WHY_NOT_PROC:
		return "There is no /proc here: mount it, or check the context's roots.";
	case OOMCTL_WHY_SECURITY_MODULE:
		return "None of the usual causes: a security module, a seccomp filter or a "
		       "BPF program forbids it: ask the administrator.";
	case OOMCTL_WHY_OTHER:
		return "No refusal: oomctl_strerror() says what the code means.";
	default:
		return "Not a cause of this library.";
	}
}
