/* SPDX-License-Identifier: MIT */
/*
 * What the proofs take for granted of libc: as much as the library uses. Frama-C's own
 * specifications are for void *, which WP cannot follow through memory that has types.
 */
#define __FC_STRING_H_

#include <stddef.h>

// clang-format off

/*@
  predicate is_text(char *s, integer len) = \valid_read(s + (0 .. len - 1));
  predicate ends_at(char *s, integer n) = is_text(s, n + 1) && s[n] == '\0';

  // The lengths of literals are said, for provers do not guess them.
  predicate is_string(char *s) =
      ends_at(s, 1) || ends_at(s, 2) || ends_at(s, 3) || ends_at(s, 4) || ends_at(s, 5) ||
      ends_at(s, 6) || ends_at(s, 7) || ends_at(s, 9) || ends_at(s, 10) ||
      \exists integer n; 0 <= n && ends_at(s, n);
*/

/*@ requires is_string(s);
    terminates \true;
    assigns \result \from s[..];
    ensures ends_at(s, \result); */
size_t strlen(const char *s);

/*@ requires is_string(a) && is_string(b);
    terminates \true;
    assigns \result \from a[..], b[..]; */
int strcmp(const char *a, const char *b);

/*@ requires is_text(a, n) && is_text(b, n);
    terminates \true;
    assigns \result \from a[0 .. n - 1], b[0 .. n - 1]; */
int memcmp(const char *a, const char *b, size_t n);

/*@ requires is_text(s, n);
    terminates \true;
    assigns \result \from s, s[0 .. n - 1], c;
    ensures \result == \null || \exists integer i; 0 <= i < n && \result == s + i; */
char *memchr(const char *s, int c, size_t n);

/*@ requires \valid(s + (0 .. n - 1));
    terminates \true;
    assigns \result, s[0 .. n - 1] \from s, c; */
char *memset(char *s, int c, size_t n);

/*@ requires \valid(out + (0 .. n - 1)) && is_text(from, n);
    requires \separated(out + (0 .. n - 1), from + (0 .. n - 1));
    terminates \true;
    assigns \result, out[0 .. n - 1] \from out, from[0 .. n - 1];
    ensures \result == out; */
char *memcpy(char *out, const char *from, size_t n);

