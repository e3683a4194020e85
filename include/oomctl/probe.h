/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_PROBE_H
#define OOMCTL_PROBE_H

/** @file
 *  @brief Where a program stands: what it can see here, and what it may do.
 */

#include <stddef.h>
#include <stdint.h>

#include <oomctl/calc.h>
#include <oomctl/why.h>

#ifdef __cplusplus
extern "C" {
#endif

struct oomctl_ctx;

/**
 * @defgroup probe Where a program stands
 *
 * One look at all that decides which calls of this library work here. Nothing is written.
 * What cannot be found out is a flag that is not set, and members of 0; each member names
 * its flag.
 *
 * @{
 */

/** @brief Bits of oomctl_probe::flags. Not set: it is not so, or cannot be found out. */
enum oomctl_probe_flag {
	/** The root is a real /proc, not plain files. */
	OOMCTL_PROBE_PROCFS = 1,
	/** It has meminfo and sys: it is not mounted with subset=pid. */
	OOMCTL_PROBE_COMPLETE = 2,
	/** Pid 1 is hidden from the caller, and so are others (hidepid). Not noticed where
	 *  pid 1 is the caller's own, as in a container. */
	OOMCTL_PROBE_HIDDEN = 4,
	/** The caller is in the initial user namespace: elsewhere its capabilities do not
	 *  count here. */
	OOMCTL_PROBE_INITIAL_USER_NAMESPACE = 8,
	/** The calling thread has CAP_SYS_RESOURCE as effective, in its user namespace. */
	OOMCTL_PROBE_SYS_RESOURCE = 16,
	/** Likewise CAP_SYS_ADMIN. */
	OOMCTL_PROBE_SYS_ADMIN = 32,
	/** Likewise CAP_DAC_OVERRIDE. */
	OOMCTL_PROBE_DAC_OVERRIDE = 64,
	/** Likewise CAP_SYS_PTRACE. */
	OOMCTL_PROBE_SYS_PTRACE = 128,
	/** The caller's files in /proc are its own (PR_GET_DUMPABLE is 1), unless its main
	 *  thread has ended. */
	OOMCTL_PROBE_DUMPABLE = 256,
	/** The machine's knobs can be opened to be set; if not, vm_cause tells why. */
	OOMCTL_PROBE_VM_WRITABLE = 512,
	/** floor is read. */
	OOMCTL_PROBE_FLOOR = 1024,
	/** floor is the lowest that the caller may set; without this bit, that may be lower,
	 *  and oomctl_adjust_find_floor() finds it by trying. */
	OOMCTL_PROBE_FLOOR_EXACT = 2048,
	/** release, release_text and rule are read. */
	OOMCTL_PROBE_RELEASE = 4096,
	/** computed_limit_kb and printed_limit_kb are read. */
	OOMCTL_PROBE_COMMIT_LIMITS = 8192,
	/** They differ by more than a page: a layer such as lxcfs makes meminfo up. They
	 *  differ as well while swapoff(8) is at work. */
	OOMCTL_PROBE_MEMINFO_FAKED = 16384,
	/** cgroup_limit_bytes is read. */
	OOMCTL_PROBE_CGROUP_LIMIT = 32768,
	/** The caller's cgroup dies as one: its memory.oom.group is 1. */
	OOMCTL_PROBE_OOM_GROUP = 65536,
	/** /proc/pressure/memory can be read. */
	OOMCTL_PROBE_PRESSURE = 131072,
	/** The kernel that runs has process_mrelease(2), and lets the caller use it. */
	OOMCTL_PROBE_MRELEASE = 262144
};

/** @brief Where a program stands. */
struct oomctl_probe {
	/** Bits of #oomctl_probe_flag. */
	uint64_t flags;
	/** Limit of the caller's own cgroup, not of those above it: UINT64_MAX when it has
	 *  none. Read with #OOMCTL_PROBE_CGROUP_LIMIT. */
	uint64_t cgroup_limit_bytes;
	/** The commit limit, as oomctl_calc_commit_limit() makes it of what meminfo says.
	 *  Read with #OOMCTL_PROBE_COMMIT_LIMITS. */
	uint64_t computed_limit_kb;
	/** The same as the kernel prints it. Likewise. */
	uint64_t printed_limit_kb;
	/** The kernel's release: major << 16 | minor << 8 | patch, each at most 255. Read
	 *  with #OOMCTL_PROBE_RELEASE. */
	uint32_t release;
	/** The rule of this kernel; 0 before Linux 2.6.36. Likewise. */
	enum oomctl_score_rule rule;
	/** Bytes in a page. */
	uint32_t page_size;
	/** Why the machine's knobs cannot be set: #OOMCTL_WHY_NONE when they can be opened.
	 */
	enum oomctl_why_cause vm_cause;
	/** The lowest adjustment that the caller may set, at most: the present one, or
	 *  #OOMCTL_ADJUST_NO_FLOOR with CAP_SYS_RESOURCE in the initial user namespace. Read
	 *  with #OOMCTL_PROBE_FLOOR. */
	int32_t floor;
	/** Version of the cgroups that have the memory controller: 1, 2, or 0 for none. Where
	 *  both versions are in use, 1 when that has it. */
	uint32_t cgroup_version;
	/** Such as "6.1.0-18-amd64". Read with #OOMCTL_PROBE_RELEASE. */
	char release_text[72];
};

/**
 * @brief Look at where the caller stands.
 *
 * @param ctx   Context, NULL for this machine.
 * @param out   Receives what is found.
 * @param size  `sizeof(struct oomctl_probe)`
 * @return 0 or a code: @ref base.
 *
 * @unit Bytes, kB and thousandths, as the members say.
 * @source Below /proc: sys/kernel/osrelease, thread-self/status, self/ns/user,
 *         self/oom_score_adj, self/cgroup, meminfo, sys/vm/overcommit_memory (opened, not
 *         written to), overcommit_ratio and overcommit_kbytes, pressure/memory, and what
 *         can be seen of pid 1. Below /sys: of fs/cgroup memory.max and memory.oom.group,
 *         or memory/memory.limit_in_bytes. Besides fstatfs(2), prctl(2), geteuid(2), and
 *         process_mrelease(2) of no process.
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -EMFILE  Out of descriptors; likewise `-ENFILE` and `-ENOMEM`. Nothing else but
 *                  `-EINVAL` is given.
 * @note A capability may be given or taken, and a file system mounted, at any time: what
 *       matters is what the call itself says later.
 * @note A seccomp filter that kills for a system call that it does not know, kills for
 *       process_mrelease(2).
 * @since 0.1
 *
 * @snippet snippets.c probe
 */
int oomctl_probe_read(const struct oomctl_ctx *ctx, struct oomctl_probe *out,
		      size_t size);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
