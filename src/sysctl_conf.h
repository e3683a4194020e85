/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_SYSCTL_CONF_H
#define OOMCTL_SYSCTL_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <oomctl/dropin.h>

#include "policy.h"

/* The text of sysctl.d files, to values and back; pure. Each loader's rules: dropin.h. */

/* Writes up to end, before which there are OOMCTL_DROPIN_MAX bytes, from *out_begin on;
 * -EINVAL for what has no text. */
int sysctl_conf_render(const struct oomctl_policy *policy, char *end,
		       const char **out_begin);

/* What lines say of one knob, which is one of enum oomctl_vm_knob wherever it is named. */
struct sysctl_setting {
	uint64_t value; /* an int as its two's complement */
	uint32_t line;  /* when it is written, counted over all files */
	uint32_t file;
	int32_t code; /* not 0 for a value that is none */
	enum { SYSCTL_UNSAID, SYSCTL_ASSIGNED, SYSCTL_EXCLUDED } state;
};

/* A pattern with what it sets one knob to. */
struct sysctl_pattern {
	struct sysctl_setting setting;
	int knob;
	char key[64];
};

enum { SYSCTL_PATTERNS = POLICY_LAST + 1 };

/* What lines say, one after another, of files whose number the caller sets. */
struct sysctl_conf {
	enum oomctl_dropin_loader loader;
	uint32_t wanted; /* bits of oomctl_policy_knob: others are not looked at */
	uint32_t line, file;
	struct sysctl_setting of_key[POLICY_LAST + 1];
	struct sysctl_pattern
	    patterns[SYSCTL_PATTERNS]; /* for procps, one of each knob */
};

/* Is told that a line is cut, so that the end of its value is not known. The value is kept
 * with its code, too: a later line may do without it. */
int sysctl_conf_add(struct sysctl_conf *conf, const char *text, size_t len, bool is_cut);

/* The same of all lines of a text, up to the first that is refused. */
int sysctl_conf_add_text(struct sysctl_conf *conf, const char *text, size_t len);

/* The setting of a knob itself, or NULL. */
const struct sysctl_setting *sysctl_conf_own(const struct sysctl_conf *conf, int knob);

/*
 * The setting that decides over a knob, or NULL. When it is one of overcommit_kbytes for
 * overcommit_ratio, or the other way around, the knob is 0.
 */
const struct sysctl_setting *sysctl_conf_of(const struct sysctl_conf *conf, int knob,
					    bool *out_is_undone);

/* What no line of another knob undoes. */
void sysctl_conf_policy(const struct sysctl_conf *conf, struct oomctl_policy *out);

#endif
