/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_DROPIN_H
#define OOMCTL_DROPIN_H

/** @file
 *  @brief A policy that outlasts a boot: a file of sysctl.d.
 */

#include <stddef.h>
#include <stdint.h>

#include <oomctl/tune.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup dropin Keeping a policy over a boot
 *
 * At boot a loader reads files of sysctl.d, and writes what they say to /proc/sys. These
 * calls write such a file, read it, and tell which file decides. They set no knob.
 *
 * A line is `vm.overcommit_ratio = 80`, where `/` may stand for `.`; a `-` before it is for
 * the loader, which then ignores that the kernel refuses. Lines that begin with `#` or `;`
 * are comments. A pattern, `vm.overcommit_* = 0`, is for all knobs that no line names.
 * oomctl_policy::panic_timeout is `kernel.panic` in a file; the others are `vm.` and their
 * name.
 *
 * **Numbers** are plain: the kernel takes `010` for 8 and `0x10` for 16, so a value that
 * is not written as this library writes it is `-EBADMSG`, and never read as another one.
 *
 * **What is not read** is `-EBADMSG` where it may be of a knob: a pattern with `[`, `{` or
 * `\`; a name that has a part like `..` and ends as a knob's does; a line with `=`, or a `-` before
 * it, that has a NUL, a vertical tab or a form feed, or a CR before its end, which for one
 * loader is a line's end or a blank; and a line of 2048 bytes or more that has no `=` in them
 * and is no comment, or whose value is cut there.
 *
 * **Ratio and kbytes**: the kernel zeroes one when the other is written. Of two lines, the
 * later one counts.
 *
 * **The loaders** are systemd-sysctl, at boot of most machines, and `sysctl` of procps.
 *
 * | | systemd | procps |
 * |---|---|---|
 * | reads | /etc, /run, /usr/local/lib, /usr/lib and /lib, each with /sysctl.d | the same, then /etc/sysctl.conf |
 * | a name that begins with a dot | is passed over | counts |
 * | `-vm.overcommit_ratio` without a value | takes back what earlier lines say | protects from patterns only |
 * | `-vm.overcommit_r*` without a value | is `-EBADMSG` behind a line of that pattern | means nothing |
 * | a line that repeats the value | stays where the first was; a pattern behind five others may be `-EBADMSG` | is written again |
 * | a value that the knob has already | is not written: 0 undoes neither ratio nor kbytes | is written |
 * | a blank behind the `-` | means nothing | makes it another name |
 * | a second `-` | makes it another name | means nothing |
 * | `vm/overcommit_ratio/` | is `vm/overcommit_ratio` | is no knob |
 *
 * Both let a file hide those of the same name in later directories, be it empty or a link
 * to /dev/null, and read the others in the order of their names.
 *
 * @{
 */

/** @brief Sizes. */
enum oomctl_dropin_size {
	OOMCTL_DROPIN_MAX = 1024 /**< room for the text of any policy, its NUL included */
};

/** @brief Programs that load files of sysctl.d. */
enum oomctl_dropin_loader {
	OOMCTL_DROPIN_SYSTEMD = 1, /**< systemd-sysctl */
	OOMCTL_DROPIN_PROCPS = 2   /**< `sysctl --system` */
};

/**
 * @brief Write a policy as text for a file of sysctl.d.
 *
 * A line for each knob of oomctl_policy::knobs, and a comment. Where both overcommit_ratio
 * and overcommit_kbytes are meant, one has to be 0 and gets no line, since the line of the
 * other makes it 0; of two zeros, the ratio gets the line.
 *
 * @param policy      The policy. A text without a knob is one, too.
 * @param out_text    Receives the text and a NUL.
 * @param capacity    Room in bytes; #OOMCTL_DROPIN_MAX always suffices.
 * @param out_length  Receives the length of the text, without the NUL.
 * @return 0 or a code: @ref base.
 *
 * @unit As struct oomctl_policy.
 * @range As the getters of vm.h.
 * @source A pure function; the form is that of sysctl.conf(5) and sysctl.d(5).
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -EINVAL  A pointer is NULL; or a value is out of range, or oomctl_policy::knobs
 *                  has other bits, or reserved is not 0; or neither of ratio and kbytes
 *                  is 0.
 * @retval -ERANGE  @p capacity is too small.
 * @since 0.1
 *
 * @snippet snippets.c dropin_render
 */
int oomctl_dropin_render(const struct oomctl_policy *policy, char *out_text,
			 size_t capacity, size_t *out_length);

/**
 * @brief Read the text of a file of sysctl.d from memory.
 *
 * Tells what `sysctl -p` would set. Lines about anything else are passed over, whatever
 * their form is. Of ratio and kbytes, the policy has the one that comes last.
 *
 * @param text    The text; needs no NUL at its end.
 * @param length  Its length in bytes.
 * @param out     Receives the policy: oomctl_policy::knobs is 0 when there is none.
 * @param size    `sizeof(struct oomctl_policy)`
 * @return 0 or a code: @ref base.
 *
 * @unit As struct oomctl_policy.
 * @range As the getters of vm.h.
 * @source A pure function: reads nothing but @p text.
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -EINVAL   @p text is NULL and @p length is not 0, or @p out is NULL, or @p size
 *                   is 0.
 * @retval -EBADMSG  A value of a knob is no plain number, also when a later line replaces
 *                   it; or a line is of those that are not read.
 * @retval -ERANGE   It is out of its range.
 * @since 0.1
 *
 * @snippet snippets.c dropin_parse
 */
int oomctl_dropin_parse(const char *text, size_t length, struct oomctl_policy *out,
			size_t size);

/**
 * @brief Write a policy to a file, whole or not at all.
 *
 * The text is that of oomctl_dropin_render(). It goes to a new file beside the other,
 * which is synced, gets the mode 0644 whatever the umask is, and takes the other's place.
 * So whoever reads it, and whenever the machine stops, there is the old text or the new.
 *
 * @param path    The file, such as "/etc/sysctl.d/90-oom.conf"; loaders want ".conf". A
 *                link there is replaced, not followed.
 * @param policy  The policy.
 * @return 0 or a code: @ref base.
 *
 * @unit As struct oomctl_policy.
 * @range As the getters of vm.h.
 * @source openat(2) with O_EXCL, fsync(2), renameat(2), and fsync(2) of the directory.
 * @privilege To read and to write the directory.
 * @safety Async-signal-safe.
 * @retval -EINVAL      As oomctl_dropin_render(); or @p path is NULL, or longer than 1000
 *                      bytes, or its last part is longer than 255, or empty, "." or "..";
 *                      or a directory.
 * @retval -EOPNOTSUPP  There is no such directory.
 * @retval -EIO         Anything else, no space among them. Nothing has changed, unless it
 *                      was the sync of the directory: then the new file is there, but may
 *                      be lost with the power. Read it back.
 * @note A program that is killed meanwhile may leave a file ".oomctl-NUMBER", which no
 *       loader reads.
 * @since 0.1
 *
 * @snippet snippets.c dropin_write
 */
int oomctl_dropin_write(const char *path, const struct oomctl_policy *policy);

/**
 * @brief Read a file of sysctl.d.
 *
 * @param path  The file.
 * @param out   Receives the policy, as oomctl_dropin_parse() gives it.
 * @param size  `sizeof(struct oomctl_policy)`
 * @return 0 or a code: @ref base.
 *
 * @unit As struct oomctl_policy.
 * @range As the getters of vm.h.
 * @source The file, line by line.
 * @privilege To read it.
 * @safety Async-signal-safe.
 * @retval -EINVAL      @p path or @p out is NULL, or @p size is 0.
 * @retval -EOPNOTSUPP  There is no such file.
 * @retval -EBADMSG     As oomctl_dropin_parse(); or the file is longer than 64 KiB, not
 *                      counting what a line has beyond its first 2048 bytes.
 * @retval -ERANGE      As oomctl_dropin_parse().
 * @note A FIFO that nobody writes to counts as empty.
 * @since 0.1
 *
 * @snippet snippets.c dropin_write
 */
int oomctl_dropin_read(const char *path, struct oomctl_policy *out, size_t size);

/**
 * @brief Find the file that decides over a knob at boot.
 *
 * A line that the kernel would refuse, or that is not plain, does no harm where a later
 * one counts. Where a line of overcommit_kbytes makes the ratio 0, that line's file decides
 * over the ratio, and the value is 0; and the other way around.
 *
 * @param root      Directory that the loader's are below: "/host"; NULL means "/". Links
 *                  inside it are followed as the kernel does, absolute ones out of it.
 * @param loader    Whose rules count.
 * @param knob      The knob.
 * @param out       Receives a policy with this knob alone.
 * @param size      `sizeof(struct oomctl_policy)`
 * @param out_path  Receives the path of the file, @p root included, and a NUL.
 * @param capacity  Room in bytes; the root's length and 300 more always suffice.
 * @return 0 or a code: @ref base.
 *
 * @unit As struct oomctl_policy.
 * @range As the getters of vm.h.
 * @source The files of sysctl.d, by the rules of systemd 252 and procps 4.0. Not looked at
 *         are the kernel's own command line and systemd's credentials.
 * @privilege To read the directories and files.
 * @safety Async-signal-safe. Reads all directories once for each file, so that the cost
 *         grows with the square of their number: 0.1 s for 300, more than 1 s for 1500.
 * @retval -EINVAL      @p loader or @p knob is not one of its enum, or @p root is empty or
 *                      longer than 1000 bytes, or an output is NULL, or @p size is 0.
 * @retval -EOPNOTSUPP  No file sets it.
 * @retval -EBADMSG     The line that decides has no plain number, or is of those that are
 *                      not read; or a file is longer than 64 KiB. oomctl_dropin_read()
 *                      tells which.
 * @retval -ERANGE      Its number is out of range; or @p capacity is too small.
 * @retval -EIO         Anything else, such as a directory with the name of a file.
 * @since 0.1
 *
 * @snippet snippets.c dropin_find
 */
int oomctl_dropin_find(const char *root, enum oomctl_dropin_loader loader,
		       enum oomctl_vm_knob knob, struct oomctl_policy *out, size_t size,
		       char *out_path, size_t capacity);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
