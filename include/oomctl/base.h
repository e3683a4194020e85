/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_BASE_H
#define OOMCTL_BASE_H

/** @file
 *  @brief Context, error codes and version.
 */

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup base Context, errors and version
 *
 * What all calls have in common is said once, here.
 *
 * **Result.** A call that can fail returns 0 or a negative errno of the closed set below;
 * `errno` itself is not part of the interface. Results come through the last parameters,
 * which are named `out` and are untouched on failure. A NULL output or an argument out of
 * range is `-EINVAL` before any system call.
 *
 * | code | meaning |
 * |------|---------|
 * | `-EINVAL` | an argument is out of its range, or the kernel refused the value |
 * | `-ENOMEM` | out of memory |
 * | `-EMFILE`, `-ENFILE` | out of descriptors, in this process or on this machine |
 * | `-EACCES`, `-EPERM`, `-EROFS` | the kernel does not let this caller read or write |
 * | `-ESRCH` | no such process, or it has ended in the meantime |
 * | `-EOPNOTSUPP` | this kernel, or this root, has no such file |
 * | `-EBADMSG` | the file holds text that is not of its documented form |
 * | `-ERANGE` | a well-formed number lies outside its type or documented range |
 * | `-EBUSY` | it would do harm as things are; where a call says so |
 * | `-EIO` | any other failure, a write that was cut short among them |
 *
 * **Context.** The first parameter of every call that touches the system says where /proc
 * and /sys are. NULL means this machine.
 *
 * **Threads and signals.** The library has no state of its own: no globals, no cache, no
 * lock, no thread. Every call may be used from any number of threads at once, on the same
 * context too. All calls but oomctl_ctx_new(), oomctl_ctx_free(), oomctl_gauge_close() and
 * those named oomctl_gauge_open are async-signal-safe: they neither allocate nor use
 * stdio, and work between fork() and exec() of a threaded program. They need up to 16 KiB
 * of stack: a signal stack should have 24 KiB. Like a system call they may change `errno`:
 * a signal handler saves it. A call that is interrupted by a signal goes on; after 100
 * interruptions of one system call it gives up with `-EIO`. A thread that leaves a call
 * half way, by pthread_cancel() or siglongjmp(), leaves it half done: a descriptor open, a
 * cgroup frozen. Every descriptor is opened with O_CLOEXEC and, but for those of a context,
 * a gauge or a guard, closed before the call returns.
 *
 * **Structures.** A structure that the library fills is passed with its size, which is
 * `sizeof(struct ...)` as the caller compiled it: members are only ever added at the end,
 * a smaller size receives the members it knows, a larger one receives zeros behind them. A
 * size of 0, or above 64 KiB, is `-EINVAL`.
 *
 * **Arrays** that the library fills are passed as `(out, capacity, entry_size,
 * out_count)`: with room for `capacity` structures of `entry_size` bytes each. They are
 * work space: content behind the count, and all of it when the call fails, is unspecified.
 * An entry_size smaller than the structure was in its first release is `-EINVAL`.
 *
 * @{
 */

#define OOMCTL_VERSION_MAJOR 0 /**< Changes when the interface breaks. */
#define OOMCTL_VERSION_MINOR 1 /**< Changes when calls are added. */
#define OOMCTL_VERSION_PATCH 0 /**< Changes with fixes. */

/**
 * @struct oomctl_ctx
 * @brief Where /proc and /sys are found.
 *
 * Immutable once made, so that threads may share it. Holds at most two descriptors, which
 * name directories: later mounts over the same path, chroot() and chdir() do not move it.
 */
struct oomctl_ctx;

/**
 * @brief Make a context for another /proc and /sys.
 *
 * For an agent in a container that sees the host's file systems elsewhere, or for a
 * directory of plain files that stands for a machine. Such plain files should be written
 * empty before a setter is used on them: as with the kernel's own, a write does not
 * truncate. Calls that read before they write (adjust, protect, tune) do there what they should
 * only while no new text is shorter than the old one.
 *
 * @param proc_root  Directory that stands for /proc; NULL means /proc itself, which is
 *                   then looked up at each call.
 * @param sys_root   Directory that stands for /sys; NULL likewise. Give both roots or
 *                   neither: one alone mixes two machines, where huge pages are counted
 *                   below /sys.
 * @param out        Receives the context; oomctl_ctx_free() releases it.
 * @return 0 or a code: @ref base.
 *
 * @source openat(2) of each root, once.
 * @privilege Search permission on the way to the roots; at each call, on the roots.
 * @safety Allocates: not async-signal-safe.
 * @retval -EOPNOTSUPP  A root does not exist or is not a directory.
 * @retval -EACCES      The path to a root may not be searched.
 * @retval -EINVAL      @p out is NULL.
 * @since 0.1
 *
 * @snippet snippets.c ctx
 */
int oomctl_ctx_new(const char *proc_root, const char *sys_root, struct oomctl_ctx **out);

/**
 * @brief Release a context and its descriptors.
 *
 * @param ctx  Context, or NULL, which does nothing.
 *
 * @safety Frees memory: not async-signal-safe.
 * @since 0.1
 */
void oomctl_ctx_free(struct oomctl_ctx *ctx);

/**
 * @brief Say what a result code means here, and what to do about it.
 *
 * @param code  A result of this library: 0 or negative.
 * @return A static English sentence, never NULL. A code that no call returns has one,
 *         too.
 *
 * @safety Async-signal-safe.
 * @since 0.1
 *
 * @snippet snippets.c strerror
 */
const char *oomctl_strerror(int code);

/**
 * @brief Get the version of the library that is loaded.
 *
 * @return Static text such as "0.1.0", to compare with #OOMCTL_VERSION_MAJOR and its
 *         like, which tell what the program was compiled against.
 *
 * @safety Async-signal-safe.
 * @since 0.1
 *
 * @snippet snippets.c version
 */
const char *oomctl_version(void);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
