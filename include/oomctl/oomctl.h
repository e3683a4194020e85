/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_OOMCTL_H
#define OOMCTL_OOMCTL_H

/** @file
 *  @brief Everything: includes every other header of liboomctl.
 */

#include <oomctl/adjust.h>
#include <oomctl/base.h>
#include <oomctl/calc.h>
#include <oomctl/dropin.h>
#include <oomctl/gauge.h>
#include <oomctl/meminfo.h>
#include <oomctl/predict.h>
#include <oomctl/probe.h>
#include <oomctl/proc.h>
#include <oomctl/protect.h>
#include <oomctl/rank.h>
#include <oomctl/tune.h>
#include <oomctl/vm.h>
#include <oomctl/why.h>

#endif
