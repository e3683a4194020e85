/* SPDX-License-Identifier: MIT */
/* What src/parse.c has to do, in ACSL; proof.py proves it. */
// clang-format off

#include <stdint.h>

#include <__fc_gcc_builtins.h>

#include "libc.h"

#define __builtin_add_overflow __builtin_uaddl_overflow
#define __builtin_mul_overflow __builtin_umull_overflow

/*@
  predicate is_refusal(integer r) = r == -74 || r == -34; // EBADMSG, ERANGE
  predicate is_code(integer r) = r == 0 || is_refusal(r);

  predicate starts_with_digits(char *s, integer n) =
      \forall integer i; 0 <= i < n ==> '0' <= s[i] <= '9';

  // How many it takes to write v.
  logic integer digits(integer v) =
      v < 10 ? 1 : v < 100 ? 2 :
      v < 1000 ? 3 : v < 10000 ? 4 :
      v < 100000 ? 5 : v < 1000000 ? 6 :
      v < 10000000 ? 7 : v < 100000000 ? 8 :
      v < 1000000000 ? 9 : v < 10000000000 ? 10 :
      v < 100000000000 ? 11 : v < 1000000000000 ? 12 :
      v < 10000000000000 ? 13 : v < 100000000000000 ? 14 :
      v < 1000000000000000 ? 15 : v < 10000000000000000 ? 16 :
      v < 100000000000000000 ? 17 : v < 1000000000000000000 ? 18 :
      v < 10000000000000000000 ? 19 : 20;
  logic integer width(integer v) = v < 0 ? 1 + digits(-v) : digits(v);
*/

// Said one by one: each line of a table has its own content.
#define IS_UP_TO_10(i) \
	(i == 0 || i == 1 || i == 2 || i == 3 || i == 4 || i == 5 || i == 6 || i == 7 || \
	 i == 8 || i == 9 || i == 10)

// Each turn of a loop leaves less of a text, up to the same end.
#define SHRINKS(t, ...) \
	loop invariant (t).at + (t).len == \at((t).at + (t).len, LoopEntry) && \
	               (t).len <= \at((t).len, LoopEntry); \
	loop assigns t, ##__VA_ARGS__; \
	loop variant (t).len

#include "parse.c"

/*@
  predicate is_rest(struct rest t) = is_text(t.at, t.len);
  predicate is_at_end_of(struct rest t, struct rest whole) =
      t.len <= whole.len && t.at == whole.at + (whole.len - t.len);
  predicate is_at_begin_of(struct rest t, struct rest whole) =
      t.len <= whole.len && t.at == whole.at;
*/

/*@ requires is_text(text, len) && \valid(out);
    assigns *out;
    ensures is_code(\result) && (len == 0 ==> \result < 0); */
static int parse_digits(const char *text, size_t len, uint64_t *out);

/*@ requires is_text(text, len) && \valid(out_negative) && \valid(out);
    assigns *out_negative, *out;
    ensures is_code(\result) && (*out_negative == 0 || *out_negative == 1); */
static int parse_number(const char *text, size_t len, bool *out_negative, uint64_t *out);

/*@ requires is_text(text, len) && \valid(out);
    assigns *out;
    ensures is_code(\result) && (\result < 0 ==> *out == \old(*out)); */
int parse_i32(const char *text, size_t len, int32_t *out);

/*@ requires is_text(text, len) && \valid(out);
    assigns *out;
    ensures is_code(\result) && (\result < 0 ==> *out == \old(*out)); */
int parse_u64(const char *text, size_t len, uint64_t *out);

/*@ requires \valid(t) && len <= t->len;
    assigns *t;
    ensures t->len == \old(t->len) - len && t->at == \old(t->at) + len; */
static void skip(struct rest *t, size_t len);

/*@ requires \valid(t) && is_rest(*t) && is_text(prefix, len);
    assigns *t;
    ensures t->len == \old(t->len) - (\result ? len : 0);
    ensures t->at == \old(t->at) + (\result ? len : 0); */
static bool skip_prefix(struct rest *t, const char *prefix, size_t len);

/*@ requires \valid(t) && is_rest(*t) && is_text(suffix, len);
    assigns *t;
    ensures is_at_begin_of(*t, \old(*t)); */
static bool cut_suffix(struct rest *t, const char *suffix, size_t len);

/*@ requires \valid(t) && is_rest(*t) && t->len > 0;
    assigns *t;
    ensures is_at_begin_of(\result, \old(*t));
    ensures is_at_end_of(*t, \old(*t)) && t->len < \old(t->len); */
static struct rest take_line(struct rest *t);

/*@ requires is_text(text, len) && \valid(out);
    assigns *out;
    ensures is_code(\result) && (\result < 0 ==> *out == \old(*out)); */
int parse_fdinfo_pid(const char *text, size_t len, int32_t *out);

/*@ requires is_string(name) && \valid(out);
    assigns *out;
    ensures \result == 0 ? *out > 0 : \result == -EBADMSG && *out == \old(*out); */
int parse_pid(const char *name, int32_t *out);

/*@ requires is_string(name) && \valid(out_kb);
    assigns *out_kb;
    ensures is_code(\result); */
int parse_hugepages_name(const char *name, uint64_t *out_kb);

/*@ requires \valid(t) && is_rest(*t);
    assigns *t;
    ensures \result <= LINES;
    ensures \result < LINES ==> is_at_end_of(*t, \old(*t)); */
static size_t take_name(struct rest *t);

/*@ requires is_rest(t) && \valid(out);
    assigns *out;
    ensures is_code(\result); */
static int parse_quantity(struct rest t, bool in_kb, uint64_t *out);

/*@ requires is_rest(line) && \valid(m);
    assigns *m;
    ensures is_code(\result) && (\result < 0 ==> *m == \old(*m)); */
static int parse_meminfo_line(struct rest line, struct oomctl_meminfo *m);

/*@ requires is_text(text, len) && \valid(out);
    assigns *out;
    ensures is_code(\result) && (\result < 0 ==> *out == \old(*out)); */
int parse_meminfo(const char *text, size_t len, struct oomctl_meminfo *out);

/*@ requires \valid(t) && is_rest(*t) && \valid(out) && \separated(t, out);
    assigns *t, *out;
    ensures is_code(\result) && is_at_end_of(*t, \old(*t)); */
static int take_digits(struct rest *t, uint64_t *out);

/*@ requires \valid(t) && is_rest(*t);
    assigns *t;
    ensures t->len == \old(t->len) - (\result ? 1 : 0);
    ensures t->at == \old(t->at) + (\result ? 1 : 0); */
static bool take_char(struct rest *t, char c);

/*@ assigns \nothing;
    ensures \result == \min(v, 255); */
static uint32_t up_to_255(uint64_t v);

/*@ requires is_rest(t);
    assigns \nothing; */
static bool is_release_end(struct rest t);

/*@ requires is_text(text, len) && \valid(out);
    assigns *out;
    ensures \result == 0 || \result == -EBADMSG && *out == \old(*out); */
int parse_release(const char *text, size_t len, uint32_t *out);

/*@ requires \valid(t) && is_rest(*t) && \valid(first) && \valid(last);
    requires \separated(t, first, last);
    assigns *t, *first, *last;
    ensures is_code(\result) && is_at_end_of(*t, \old(*t));
    ensures \result == 0 ==> *first <= *last; */
static int take_range(struct rest *t, uint64_t *first, uint64_t *last);

/*@ requires is_text(text, len) && \valid(out);
    assigns *out;
    ensures is_code(\result) && (\result < 0 ==> *out == \old(*out)); */
int parse_cpu_list(const char *text, size_t len, uint32_t *out);

/*@ requires is_text(text, len) && \valid(out);
    assigns *out;
    ensures is_code(\result) && (\result < 0 ==> *out == \old(*out)); */
int parse_first_u64(const char *text, size_t len, uint64_t *out);

/*@ requires \valid(t) && is_rest(*t);
    assigns *t;
    ensures is_at_begin_of(\result, \old(*t)) && is_at_end_of(*t, \old(*t));
    ensures t->len <= \old(t->len) - \result.len; */
static struct rest take_word(struct rest *t);

/*@ requires is_rest(from) && \valid(out + (0 .. 15));
    requires \separated(out + (0 .. 15), from.at + (0 .. from.len - 1));
    assigns out[0 .. 15]; */
static void copy_comm(struct rest from, char out[16]);

/*@ requires \valid(t) && is_rest(*t) && \valid(out);
    requires \separated(out, t, t->at + (0 .. t->len - 1));
    assigns *t, *out;
    ensures is_code(\result) && is_at_end_of(*t, \old(*t)); */
static int take_pid_and_comm(struct rest *t, struct parse_stat *out);

/*@ requires is_text(text, len) && \valid(out);
    assigns *out;
    ensures is_code(\result) && (\result < 0 ==> *out == \old(*out)); */
int parse_stat(const char *text, size_t len, struct parse_stat *out);

/*@ requires \valid(t) && is_rest(*t);
    assigns *t;
    ensures t->len == \old(t->len) - (\result ? 1 : 0);
    ensures t->at == \old(t->at) + (\result ? 1 : 0); */
static bool skip_blank(struct rest *t);

/*@ requires is_rest(t) && \valid(out);
    assigns *out;
    ensures is_code(\result) && (\result < 0 ==> *out == \old(*out)); */
static int parse_status_number(struct rest t, uint64_t *out);

/*@ requires is_rest(t) && \valid(out);
    assigns *out;
    ensures is_code(\result) && (\result < 0 ==> *out == \old(*out)); */
static int parse_hex(struct rest t, uint64_t *out);

/*@ requires \valid(line) && is_rest(*line) && \valid(s);
    assigns *line;
    ensures is_rest(*line);
    ensures \result == \null || \result == &s->uid || \result == &s->rss_kb ||
            \result == &s->swap_kb || \result == &s->pte_kb || \result == &s->pmd_kb; */
static uint64_t *number_of(struct rest *line, struct parse_status *s);

/*@ requires is_text(text, len) && \valid(s);
    assigns *s;
    ensures is_code(\result); */
int parse_status_line(const char *text, size_t len, struct parse_status *s);

/*@ requires is_rest(flags) && is_text(name, 2);
    assigns \nothing; */
static bool has_flag(struct rest flags, const char *name);

/*@ requires is_text(text, len) && \valid(sum);
    assigns *sum;
    ensures is_code(\result); */
int parse_smaps_line(const char *text, size_t len, struct parse_smaps *sum);

/*@ requires \valid(t) && is_rest(*t);
    assigns *t;
    ensures is_at_begin_of(\result, \old(*t)) && is_at_end_of(*t, \old(*t)); */
static struct rest take_until(struct rest *t, char stop);

/*@ requires is_rest(names) && is_string(controller);
    assigns \nothing; */
static bool has_controller(struct rest names, const char *controller);

/*@ requires is_rest(t);
    assigns \nothing; */
static bool is_at_slash_or_end(struct rest t);

/*@ requires is_rest(path);
    assigns \nothing; */
static bool is_above(struct rest path);

/*@ requires is_rest(path) && is_string(cgroup);
    assigns \nothing;
    ensures \result == 0 || \result == 1; */
static bool is_at_or_below(struct rest path, const char *cgroup);

/*@ requires \valid(t) && is_rest(*t) && is_string(controller);
    assigns *t;
    ensures \result == 0 || \result == 1 || \result == -EBADMSG;
    ensures is_rest(*t); */
static int take_controller(struct rest *t, const char *controller);

/*@ requires is_text(text, len) && is_string(controller) && is_string(cgroup);
    assigns \nothing;
    ensures 0 <= \result <= 2 || \result == -EBADMSG; */
int parse_cgroup_line(const char *text, size_t len, const char *controller,
                      const char *cgroup);

/*@ requires is_text(text, len) && is_string(controller);
    requires \valid(out) && \valid(out_len) && \separated(out, out_len);
    assigns *out, *out_len;
    ensures \result == 0 || \result == 1 || \result == -EBADMSG;
    ensures \result == 1 ==> is_text(*out, *out_len);
    ensures \result != 1 ==> *out == \old(*out) && *out_len == \old(*out_len); */
int parse_cgroup_path(const char *text, size_t len, const char *controller,
                      const char **out, size_t *out_len);

/*@ requires is_text(text, len) && \valid(out_bytes);
    assigns *out_bytes;
    ensures is_code(\result) && (\result < 0 ==> *out_bytes == \old(*out_bytes)); */
int parse_limit(const char *text, size_t len, uint64_t *out_bytes);

/*@ requires is_text(text, len) && is_string(line);
    assigns \nothing; */
bool parse_has_line(const char *text, size_t len, const char *line);

/*@ requires \valid(begin - (1 .. digits(value)));
    assigns *(begin - (1 .. digits(value)));
    ensures \result == begin - digits(value); */
char *prepend_u64(char *begin, uint64_t value);

/*@ requires \valid(begin - (1 .. width(value)));
    assigns *(begin - (1 .. width(value)));
    ensures \result == begin - width(value); */
char *prepend_i32(char *begin, int32_t value);
