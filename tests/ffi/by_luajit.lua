-- SPDX-License-Identifier: MIT
-- Usage: by_luajit.lua DIRECTORY-OF-HEADERS
-- Calls every function of the library, as scenario.py does.
local ffi = require("ffi")
local include = arg[1]

local function read(path)
	local file = assert(io.open(path))
	local text = file:read("*a")
	file:close()
	return text
end

local function write(path, text)
	local file = assert(io.open(path, "w"))
	file:write(text)
	file:close()
end

local cdef = read(include .. "/oomctl.cdef.h")
ffi.cdef(cdef)
ffi.cdef([[
int access(const char *path, int mode);
void _exit(int status);
int fork(void);
int fcntl(int fd, int command, ...);
int getpid(void);
int kill(int pid, int signal);
int pause(void);
int prctl(int option, unsigned long value);
long readlink(const char *path, char *buf, size_t size);
long syscall(long number, ...);
long sysconf(int name);
unsigned long long strtoull(const char *text, char **end, int base);
int waitpid(int pid, int *status, int options);
]])
local library = ffi.load("liboomctl.so.0")

local EINVAL, ENOMEM, ESRCH, ERANGE, EOPNOTSUPP = 22, 12, 3, 34, 95
local EACCES, EBADMSG, EBUSY = 13, 74, 16
local RULE_5_9, OOM_SCORE, OOM_SCORE_ADJ, OVERCOMMIT_MEMORY = 5, 1, 2, 1
local GRANTED, REFUSED = 0, 1
local STRICT, CLAMP, NO_FLOOR, FREEZE = 1, 2, -1001, 1
local STABLE, FROZEN = 1, 2
local ENDED, BEGUN, PAUSED = 0, 1, 2
local NONE, BELOW_FLOOR, USER_NAMESPACE, NO_KNOB, GONE = 0, 1, 2, 9, 10
local BAD_VALUE, SECURITY_MODULE, CAUSES, MAYBE = 11, 13, 15, 1
local PROCFS, SYS_RESOURCE = 1, 16
local ACCEPT_RISKS, NO_HEADROOM, CONTAINERS = 1, 1, 16
local SYSTEMD, PROCPS, DROPIN_MAX = 1, 2, 1024
local CAP_SYS_RESOURCE = 24
local INITIAL_USER_NAMESPACE = "user:[4026531837]"
-- A process of 37 MB, as Linux 6.1 shows it on a machine of this many pages.
local TOTAL, FOOTPRINT = 250555, 9530
local OOM_SCORES = {
	[-1000] = 0,
	[-999] = 28,
	[-500] = 360,
	[-1] = 691,
	[0] = 692,
	[1] = 692,
	[500] = 1024,
	[999] = 1356,
	[1000] = 1356,
}
local ROOM = 4096 -- for processes
local SC_PAGESIZE, PR_SET_PDEATHSIG, SIGKILL, W_OK = 30, 1, 9, 2
local I32_MIN, I32_MAX = -2 ^ 31, 2 ^ 31 - 1
local U64_MAX = 0xffffffffffffffffULL
local I64_MIN, I64_MAX = -0x8000000000000000LL, 0x7fffffffffffffffLL
local KNOBS = { -- file, type, least and greatest value to set
	overcommit_memory = { "vm/overcommit_memory", "enum oomctl_overcommit", 0, 2 },
	overcommit_ratio = { "vm/overcommit_ratio", "int32_t", 0, I32_MAX },
	overcommit_kbytes = { "vm/overcommit_kbytes", "uint64_t", 0, U64_MAX },
	panic_on_oom = { "vm/panic_on_oom", "enum oomctl_panic", 0, 2 },
	oom_kill_allocating_task = { "vm/oom_kill_allocating_task", "int32_t", I32_MIN, I32_MAX },
	oom_dump_tasks = { "vm/oom_dump_tasks", "int32_t", I32_MIN, I32_MAX },
	admin_reserve_kbytes = { "vm/admin_reserve_kbytes", "uint64_t", 0, U64_MAX },
	user_reserve_kbytes = { "vm/user_reserve_kbytes", "uint64_t", 0, U64_MAX },
	panic_timeout = { "kernel/panic", "int32_t", I32_MIN, I32_MAX },
}
local NUMBER, BIT = {}, {} -- of each knob; the constants come from the declarations
for knob in pairs(KNOBS) do
	NUMBER[knob] = tonumber(ffi.C["OOMCTL_VM_" .. knob:upper()])
	BIT[knob] = tonumber(ffi.C["OOMCTL_POLICY_" .. knob:upper()])
end
local MEMINFO = { -- in the order of the bits of `present`
	{ "mem_total_kb", "MemTotal" },
	{ "mem_free_kb", "MemFree" },
	{ "mem_available_kb", "MemAvailable" },
	{ "swap_total_kb", "SwapTotal" },
	{ "swap_free_kb", "SwapFree" },
	{ "commit_limit_kb", "CommitLimit" },
	{ "committed_as_kb", "Committed_AS" },
	{ "hugepages_total", "HugePages_Total" },
	{ "hugepagesize_kb", "Hugepagesize" },
	{ "hugetlb_kb", "Hugetlb" },
}

local called, failed = {}, {}

local function call(name, ...)
	called[name] = true
	return library[name](...)
end

local function expect(name, got, want)
	if got ~= want then
		print(("FAIL %s: %s, not %s"):format(name, tostring(got), tostring(want)))
		failed[name] = true
	end
end

local function gives(want, name, ...)
	expect(name, call(name, ...), want)
end

-- 64-bit numbers stay cdata, to keep their last digits; an enum becomes a number.
local function plain(value)
	local wide = ffi.istype("uint64_t", value) or ffi.istype("int64_t", value)
	return wide and value or tonumber(value)
end

-- The arguments of one list, then those of another; each may be nil.
local function joined(first, n, second, m)
	for i = 1, m do
		first[n + i] = second[i]
	end
	return unpack(first, 1, n + m)
end

local function get(name, kind, ...)
	local out = ffi.new(kind .. "[1]")
	gives(0, name, joined({ ... }, select("#", ...), { out }, 1))
	return plain(out[0])
end

-- Of a call with two outputs, whose types are the first argument.
local function get_two(kinds, name, ...)
	local first, second = ffi.new(kinds[1] .. "[1]"), ffi.new(kinds[2] .. "[1]")
	gives(0, name, joined({ ... }, select("#", ...), { first, second }, 2))
	return plain(first[0]), plain(second[0])
end

local function page_kb()
	return tonumber(ffi.C.sysconf(SC_PAGESIZE)) / 1024
end

-- Processes, how many, and the report.
local function listed_in(room, code, name, ...)
	local topic = "struct oomctl_" .. name:match("^oomctl_(%l+)")
	local entries = ffi.new(topic .. "_entry[?]", room)
	local count, report = ffi.new("size_t[1]"), ffi.new(topic .. "_report[1]")
	local entry_size, report_size = ffi.sizeof(topic .. "_entry"), ffi.sizeof(report)
	local outs = { entries, room, entry_size, count, report, report_size }
	gives(code, name, joined({ ... }, select("#", ...), outs, 6))
	return entries, tonumber(count[0]), report[0]
end

local function listed(...)
	return listed_in(ROOM, ...)
end

-- A smaller structure receives what it has room for, a larger one zeros behind.
local function resizes(name, kind, fill)
	local size = ffi.sizeof(kind)
	local out = ffi.new(kind .. "[2]")
	local function bytes(first, last)
		return ffi.string(ffi.cast("char *", out) + first, last - first)
	end
	expect(name, fill(nil, size), -EINVAL)
	expect(name, fill(out, 0), -EINVAL)
	for _, case in ipairs({ { 8, 8, "\255" }, { 2 * size, size, "\0" } }) do
		local room, rest, filler = unpack(case)
		ffi.fill(out, 2 * size, 255)
		expect(name, fill(out, room), 0)
		expect(name, bytes(rest, 2 * size), filler:rep(2 * size - rest))
		expect(name, bytes(0, 8) == ("\255"):rep(8), false)
	end
end

local function filled(name, kind, fill)
	local out = ffi.new(kind .. "[1]")
	expect(name, fill(out, ffi.sizeof(kind)), 0)
	return out
end

-- The last two arguments of a call.
local function filling(name, ...)
	local args, n = { ... }, select("#", ...)
	return function(out, size)
		return call(name, joined(args, n, { out, size }, 2))
	end
end

-- Members, to be compared in one go.
local function shown(struct, names)
	local numbers = {}
	for name in names:gmatch("%S+") do
		numbers[#numbers + 1] = tostring(tonumber(struct[name]))
	end
	return table.concat(numbers, " ")
end

local function bytes_of(array)
	return ffi.string(array, ffi.sizeof(array))
end

-- A 64-bit number, or one that is equal to it when it is negative.
local function number(text)
	local value = ffi.C.strtoull(text, nil, 10)
	return text:match("^-") and tonumber(text) or value
end

local function texts()
	local parts = {}
	for part in read(include .. "/base.h"):gmatch("OOMCTL_VERSION_%u+ (%d+)") do
		parts[#parts + 1] = part
	end
	local function says(want, name, ...)
		expect(name, ffi.string(call(name, ...)), want)
	end
	says(table.concat(parts, "."), "oomctl_version")
	says("Success.", "oomctl_strerror", 0)
	says("Out of memory.", "oomctl_strerror", -ENOMEM)
	says("Not a result of this library.", "oomctl_strerror", 1)
end

-- The machine's are only read; those below the root start empty, as nothing truncates them.
local function knobs(ctx, root)
	for knob, row in pairs(KNOBS) do
		local path, kind = row[1], row[2]
		local getter, setter = "oomctl_vm_get_" .. knob, "oomctl_vm_set_" .. knob
		gives(-EINVAL, getter, nil, nil)
		expect(getter, get(getter, kind, nil), number(read("/proc/sys/" .. path)))
		for i = 3, 4 do
			write(root .. path, "")
			gives(0, setter, ctx, row[i])
			expect(setter, number(read(root .. path)), row[i])
			expect(getter, get(getter, kind, ctx), row[i])
		end
	end
end

local function descriptors()
	local F_GETFD, count = 1, 0
	for fd = 0, 1023 do
		if ffi.C.fcntl(fd, F_GETFD) >= 0 then
			count = count + 1
		end
	end
	return count
end

local function cgroup(ctx, root)
	local name, process = "oomctl_rank_cgroup", root .. "/proc/7/"
	write(process .. "oom_score", "700\n")
	write(process .. "oom_score_adj", "-3\n")
	write(process .. "stat", "7 (a b) S" .. (" 0"):rep(18) .. " 77 0 900\n")
	write(process .. "status", "Uid:\t5\t5\t5\t5\nVmRSS:\t1024 kB\nVmPTE:\t128 kB\n")
	write(process .. "cgroup", "0::/a/b\n")
	write(root .. "/proc/meminfo", "MemTotal: 4029312 kB\n")
	write(root .. "/proc/sys/kernel/osrelease", "6.1.0\n")
	write(root .. "/proc/sys/vm/swappiness", "60\n")
	write(root .. "/sys/fs/cgroup/a/memory.max", "104857600\n")

	local entries, count, report = listed(0, name, ctx, "/a")
	local pages = 100 * 1024 / page_kb()
	expect(name, count, 1)
	expect(name, tonumber(report.total_pages), pages)
	expect(name, tonumber(report.rule), RULE_5_9)
	expect(name, report.flags, 1) -- no pid 1
	expect(name, entries[0].pid, 7)
	expect(name, entries[0].uid, 5)
	expect(name, entries[0].oom_score, 700)
	expect(name, tonumber(entries[0].start_ticks), 77)
	local badness = 900 + 128 / page_kb() - 3 * math.floor(pages / 1000)
	expect(name, tonumber(entries[0].badness_pages), badness)
	expect(name, ffi.string(entries[0].comm, 16), "a b" .. ("\0"):rep(13))
	listed(-EOPNOTSUPP, name, ctx, "/none")
	listed(-EINVAL, name, ctx, nil)
end

-- Plain files: each value has as many characters as the one before.
local function adjust_many(ctx, root)
	local name, group = "oomctl_adjust_cgroup", root .. "/sys/fs/cgroup/a/"
	for _, row in ipairs({ { 7, "a b", 1 }, { 8, "dockerd", 7 }, { 9, "c", 1 } }) do
		local pid, comm, parent = unpack(row)
		local process = root .. "/proc/" .. pid
		local behind = (" 0"):rep(17) .. (" %d %d 9\n"):format(70 + pid, pid * 2 ^ 20)
		write(process .. "/oom_score_adj", "-3\n")
		write(process .. "/stat", ("%d (%s) S %d"):format(pid, comm, parent) .. behind)
	end
	write(root .. "/proc/self/cgroup", "0::/b\n")
	write(root .. "/proc/self/status", "Tgid:\t" .. ffi.C.getpid() .. "\n")
	write(group .. "../b/cgroup.procs", ffi.C.getpid() .. "\n")
	write(group .. "../b/cgroup.freeze", "0\n")
	write(group .. "cgroup.procs", "9\n7\n0\n")
	write(group .. "../cgroup.controllers", "memory\n")
	write(group .. "cgroup.freeze", "0\n")
	write(group .. "cgroup.events", "populated 1\nfrozen 1\n")

	local function adjs()
		local texts = {}
		for pid = 7, 9 do
			texts[#texts + 1] = tonumber(read(root .. "/proc/" .. pid .. "/oom_score_adj"))
		end
		return table.concat(texts, " ")
	end
	local function entry(struct)
		return shown(struct, "pid code adj_before adj start_ticks")
	end

	listed(-EINVAL, name, ctx, nil, 100, STRICT, 0)
	listed(-EINVAL, name, ctx, "a", 100, STRICT, 0)
	listed(-EINVAL, name, ctx, "/a", 1001, STRICT, 0)
	listed(-EINVAL, name, ctx, "/a", 100, CLAMP + 1, 0)
	listed(-EINVAL, name, ctx, "/a", 100, STRICT, 2 * FREEZE)
	listed(-EOPNOTSUPP, name, ctx, "/none", 100, STRICT, 0)
	listed(-EBUSY, name, ctx, "/b", 100, STRICT, FREEZE)
	expect(name, adjs(), "-3 -3 -3")

	local entries, count, report = listed(0, name, ctx, "/a", 100, CLAMP, FREEZE)
	expect(name, count, 2)
	expect(name, entry(entries[0]), "9 0 -3 100 79")
	expect(name, entry(entries[1]), "7 0 -3 100 77")
	expect(name, shown(report, "unlisted foreign gone passes"), "0 1 0 2")
	expect(name, report.flags, STABLE + FROZEN)
	expect(name, read(group .. "cgroup.freeze"), "0\n")
	expect(name, adjs(), "100 -3 100")

	name = "oomctl_adjust_tree"
	listed(-EINVAL, name, ctx, -1, 200, STRICT)
	listed(-ESRCH, name, ctx, 6, 200, STRICT)
	expect(name, adjs(), "100 -3 100")
	entries, count, report = listed_in(1, 0, name, ctx, 7, 200, STRICT)
	expect(name, count, 1)
	expect(name, entry(entries[0]), "7 0 100 200 77")
	expect(name, tonumber(report.unlisted), 1)
	expect(name, adjs(), "200 -3 100")
	entries, count, report = listed(0, name, ctx, 7, 300, STRICT)
	expect(name, count, 2)
	expect(name, entry(entries[0]), "7 0 200 300 77")
	expect(name, entry(entries[1]), "8 0 -3 300 78")
	expect(name, shown(report, "unlisted flags"), "0 " .. STABLE)
	expect(name, adjs(), "300 300 100")
end

-- Whether there is one hangs on a capability, in the initial user namespace.
local function floors(ctx, root)
	local name, own = "oomctl_adjust_find_floor", root .. "/proc/self/"
	write(own .. "oom_score_adj", "-1000\n")
	write(
		root .. "/proc/thread-self/status",
		"Uid:\t0\t0\t0\t0\nCapEff:\t0000000001000000\n"
	)
	expect(name, get(name, "int32_t", ctx), NO_FLOOR)
	os.execute("ln -sfn 'user:[4026532000]' " .. own .. "ns/user")
	expect(name, get(name, "int32_t", ctx), -1000)
	gives(-EINVAL, name, ctx, nil)
	expect(name, read(own .. "oom_score_adj"), "-1000\n")
end

local function policy(values)
	local out = ffi.new("struct oomctl_policy[1]")
	for knob, value in pairs(values) do
		out[0][knob] = value
		out[0].knobs = out[0].knobs + BIT[knob]
	end
	return out
end

local function put_machine(root)
	for knob, text in pairs({
		overcommit_memory = "0\n",
		overcommit_ratio = "50\n",
		overcommit_kbytes = "0\n",
		panic_on_oom = "1\n",
		oom_kill_allocating_task = "2\n",
		oom_dump_tasks = "3\n",
		admin_reserve_kbytes = "18446744073709551615\n",
		user_reserve_kbytes = "131072\n",
		panic_timeout = "-1\n",
	}) do
		write(root .. "/proc/sys/" .. KNOBS[knob][1], text)
	end
	write(
		root .. "/proc/meminfo",
		"MemTotal: 4029312 kB\nSwapTotal: 0 kB\nCommitLimit: 2000000 kB\n"
			.. "Committed_AS: 4000000 kB\nHugetlb: 0 kB\n"
	)
end

-- A machine's policy is set, and undone.
local function tune(ctx, root)
	local look, check, apply = "oomctl_tune_read", "oomctl_tune_check", "oomctl_tune_apply"
	local kind, kind_of_report = "struct oomctl_policy", "struct oomctl_tune_report"
	local kind_of_steps = "struct oomctl_tune_steps"
	put_machine(root)
	local looked = filling(look, ctx)
	local before = filled(look, kind, looked)
	local all = policy({
		overcommit_memory = 0,
		overcommit_ratio = 50,
		panic_on_oom = 1,
		oom_kill_allocating_task = 2,
		oom_dump_tasks = 3,
		admin_reserve_kbytes = U64_MAX,
		user_reserve_kbytes = 131072,
		panic_timeout = -1,
	})
	expect(look, bytes_of(before), bytes_of(all))
	resizes(look, kind, looked)

	local wanted = policy({
		overcommit_memory = 1,
		overcommit_ratio = 60,
		user_reserve_kbytes = 262144,
	})
	local drift = wanted[0].knobs
	local checked = filling(check, ctx, wanted)
	local report = filled(check, kind_of_report, checked)[0]
	local pages = math.floor(4029312 / page_kb())
	local limit = math.floor(pages * 60 / 100) * page_kb()
	expect(check, tonumber(report.commit_limit_kb), limit)
	expect(check, tonumber(report.committed_as_kb), 4000000)
	expect(check, tonumber(report.headroom_kb), limit - 4000000)
	expect(check, shown(report, "drift risks largest_pid"), drift .. " 0 0")
	resizes(check, kind_of_report, checked)

	local function applies(code, what, flags)
		local out = ffi.new(kind_of_steps .. "[1]")
		gives(code, apply, ctx, what, flags, out, ffi.sizeof(out))
		return shown(out[0], "changed failed_knob failed_rollback risks")
	end
	local function drift_of(what)
		return filled(check, kind_of_report, filling(check, ctx, what))[0].drift
	end
	local function is_as_before()
		expect(look, bytes_of(filled(look, kind, looked)), bytes_of(before))
	end

	expect(apply, applies(0, wanted, 0), drift .. " 0 0 0")
	expect(apply, read(root .. "/proc/sys/vm/user_reserve_kbytes"), "262144\n")
	expect(check, drift_of(wanted), 0)
	expect(check, drift_of(before), drift)
	expect(apply, applies(0, before, ACCEPT_RISKS), drift .. " 0 0 0")
	is_as_before()
	resizes(apply, kind_of_steps, filling(apply, ctx, wanted, 0))
	expect(apply, applies(0, before, ACCEPT_RISKS), drift .. " 0 0 0")

	-- What it says on failure is filled in, too.
	local strict = policy({ overcommit_memory = 2 })
	local risks = NO_HEADROOM + CONTAINERS
	report = filled(check, kind_of_report, filling(check, ctx, strict))[0]
	local names = "largest_kb largest_pid container_pid risks"
	expect(check, shown(report, names), "9216 9 8 " .. risks)
	expect(apply, applies(-EBUSY, strict, 0), "0 0 0 " .. risks)
	strict[0].reserved = 1
	local both = policy({ overcommit_ratio = 1, overcommit_kbytes = 1 })
	for i = 1, 4 do
		local wrong = ({ strict, policy({}), both, nil })[i]
		expect(apply, applies(-EINVAL, wrong, 0), "0 0 0 0")
	end
	expect(apply, applies(-EINVAL, wanted, 2 * ACCEPT_RISKS), "0 0 0 0")
	gives(-EINVAL, check, ctx, strict, ffi.new(kind_of_report .. "[1]"), 48)
	is_as_before()
	os.remove(root .. "/proc/sys/kernel/panic")
	expect(apply, applies(-EOPNOTSUPP, before, 0), "0 " .. NUMBER.panic_timeout .. " 0 0")
end

-- A machine without its first knob.
local function probe_files(ctx, root)
	local name, kind = "oomctl_probe_read", "struct oomctl_probe"
	os.remove(root .. "/proc/sys/vm/overcommit_memory")
	write(root .. "/proc/self/cgroup", "0::/a\n")
	local found = filled(name, kind, filling(name, ctx))[0]
	expect(name, ffi.string(found.release_text), "6.1.0")
	expect(name, shown(found, "release rule vm_cause"), 0x60100 .. " 5 " .. NO_KNOB)
	expect(name, shown(found, "floor cgroup_version"), "-1000 2")
	expect(name, shown(found, "cgroup_limit_bytes printed_limit_kb"), "104857600 2000000")
	expect(name, tonumber(found.computed_limit_kb), 4029312 / 2)
end

-- The machine's is left as it is.
local function tune_here()
	local look, check = "oomctl_tune_read", "oomctl_tune_check"
	local now = filled(look, "struct oomctl_policy", filling(look, nil))
	for knob, row in pairs(KNOBS) do
		if bit.band(now[0].knobs, BIT[knob]) ~= 0 then
			local text = read("/proc/sys/" .. row[1])
			expect(look, tonumber(now[0][knob]), tonumber(text))
		else
			expect(look, knob == "overcommit_ratio" or knob == "overcommit_kbytes", true)
		end
	end
	local report = filled(check, "struct oomctl_tune_report", filling(check, nil, now))[0]
	expect(check, shown(report, "drift risks"), "0 0")
	local limit = read("/proc/meminfo"):match("CommitLimit: +(%d+)")
	expect(check, report.commit_limit_kb, number(limit))
end

local function contexts(root)
	local before = descriptors()
	local proc, sys = root .. "/proc", root .. "/sys"
	local out = ffi.new("struct oomctl_ctx *[1]")
	gives(-EINVAL, "oomctl_ctx_new", proc, sys, nil)
	gives(-EOPNOTSUPP, "oomctl_ctx_new", proc, sys .. "/none", out)

	gives(0, "oomctl_ctx_new", proc, sys, out)
	expect("oomctl_ctx_new", descriptors(), before + 2)
	knobs(out[0], proc .. "/sys/")
	cgroup(out[0], root)
	adjust_many(out[0], root)
	floors(out[0], root)
	tune(out[0], root)
	probe_files(out[0], root)
	call("oomctl_ctx_free", out[0])
	call("oomctl_ctx_free", nil)
	expect("oomctl_ctx_free", descriptors(), before)
end

-- A score changes with the process's memory: it has to be that of before or after.
local function score(name, which, pid)
	local path = "/proc/" .. pid .. "/oom_score"
	local before = tonumber(read(path))
	local got = get(name, "int32_t", nil, which)
	local after = tonumber(read(path))
	expect(name, got == before or got == after, true)
	gives(-EINVAL, name, nil, which, nil)
end

local function adjustment(getter, setter, which, pid, adj)
	gives(-EINVAL, setter, nil, which, 1001)
	gives(0, setter, nil, which, adj)
	expect(setter, tonumber(read("/proc/" .. pid .. "/oom_score_adj")), adj)
	expect(getter, get(getter, "int32_t", nil, which), adj)
	gives(-EINVAL, getter, nil, which, nil)
end

local function start_child()
	local pid = ffi.C.fork()
	if pid == 0 then
		ffi.C.prctl(PR_SET_PDEATHSIG, SIGKILL)
		while true do
			ffi.C.pause()
		end
	end
	return pid
end

-- The one that is given back shows the oom_score_adj.
local function open_gauges(pid, pidfd)
	local name, kind = "oomctl_gauge_open_vm", "struct oomctl_gauge *"
	local out, value = ffi.new(kind .. "[1]"), ffi.new("int64_t[1]")
	gives(-EINVAL, name, nil, 0, out)
	gives(0, name, nil, OVERCOMMIT_MEMORY, out)
	gives(0, "oomctl_gauge_read", out[0], value)
	expect("oomctl_gauge_read", tonumber(value[0]), tonumber(read("/proc/sys/vm/overcommit_memory")))
	call("oomctl_gauge_close", out[0])
	call("oomctl_gauge_close", nil)

	name = "oomctl_gauge_open_proc"
	gives(-EINVAL, name, nil, 0, OOM_SCORE, out)
	gives(0, name, nil, pid, OOM_SCORE, out)
	local path = "/proc/" .. pid .. "/oom_score"
	local before = tonumber(read(path))
	gives(0, "oomctl_gauge_read", out[0], value)
	local got, after = tonumber(value[0]), tonumber(read(path))
	expect(name, got == before or got == after, true)
	call("oomctl_gauge_close", out[0])

	name = "oomctl_gauge_open_pidfd"
	gives(-EINVAL, name, nil, -1, OOM_SCORE_ADJ, out)
	gives(0, name, nil, pidfd, OOM_SCORE_ADJ, out)
	return out[0]
end

local function is_since(major, minor)
	local text = read("/proc/sys/kernel/osrelease")
	local a, b = text:match("^(%d+)%.(%d+)")
	return tonumber(a) > major or (tonumber(a) == major and tonumber(b) >= minor)
end

-- What keeps this process from values below a floor.
local function floor_refusal()
	local held = read("/proc/thread-self/status"):match("CapEff:%s(%x+)")
	local text = ffi.new("char[64]")
	if bit.band(bit.rshift(tonumber(held:sub(-8), 16), CAP_SYS_RESOURCE), 1) == 0 then
		return BELOW_FLOOR
	end
	local length = ffi.C.readlink("/proc/self/ns/user", text, 64)
	local here = ffi.string(text, length) == INITIAL_USER_NAMESPACE
	return here and NONE or USER_NAMESPACE
end

-- pid has an oom_score_adj of 1000, and gets it back.
local function limits(by, which, pid)
	local set, move = "oomctl_adjust_" .. by, "oomctl_adjust_" .. by .. "_by"
	local out = ffi.new("int32_t[1]", 7)
	local function adj()
		return tonumber(read("/proc/" .. pid .. "/oom_score_adj"))
	end
	gives(-EINVAL, set, nil, which, 1001, STRICT, out)
	gives(-EINVAL, set, nil, which, 999, 0, out)
	gives(-EINVAL, set, nil, which, 999, STRICT, nil)
	gives(-EINVAL, move, nil, -1, -1, STRICT, out)
	gives(-EINVAL, move, nil, which, -1, CLAMP + 1, out)
	gives(-EINVAL, move, nil, which, -1, STRICT, nil)
	expect(set, adj(), 1000)

	expect(set, get(set, "int32_t", nil, which, 999, STRICT), 999)
	local lowest = get(set, "int32_t", nil, which, -1000, CLAMP)
	expect(set, adj(), lowest)
	expect(set, lowest < 999, true)
	if lowest > -1000 then
		gives(-EACCES, set, nil, which, lowest - 1, STRICT, out)
		gives(-EACCES, move, nil, which, -1, STRICT, out)
		expect(set, adj(), lowest)
	end
	expect(set, out[0], 7)
	local higher = math.min(lowest + 200, 1000)
	expect(move, get(move, "int32_t", nil, which, 200, STRICT), higher)
	expect(move, get(move, "int32_t", nil, which, I32_MIN, CLAMP), lowest)
	expect(move, get(move, "int32_t", nil, which, I32_MAX, STRICT), 1000)
	expect(move, adj(), 1000)
	return lowest
end

-- pid has an oom_score_adj of 1000, and no children.
local function tree(pid)
	local name = "oomctl_adjust_tree"
	local entries, count, report = listed(0, name, nil, pid, 1000, STRICT)
	expect(name, count, 1)
	expect(name, shown(entries[0], "pid code adj_before adj"), pid .. " 0 1000 1000")
	expect(name, report.passes > 0 and report.flags, STABLE)
	local many = ffi.new("size_t[1]")
	local small = ffi.new("struct oomctl_adjust_report[1]")
	gives(-EINVAL, name, nil, pid, 1000, STRICT, entries, 1, 16, many, small, 40)
end

local function own_adj()
	return tonumber(read("/proc/self/oom_score_adj"))
end

local function own_floor()
	local name, before = "oomctl_adjust_find_floor", own_adj()
	local floor = get(name, "int32_t", nil)
	expect(name, floor <= before, true)
	expect(name, floor == NO_FLOOR, floor_refusal() == NONE)
	if floor > -1000 then
		gives(-EACCES, "oomctl_adjust_proc", nil, 0, floor - 1, STRICT, ffi.new("int32_t[1]"))
	end
	gives(-EINVAL, name, nil, nil)
	expect(name, own_adj(), before)
end

-- The cause, the flags, the capability and the path.
local function explained(name, ...)
	local why = filled(name, "struct oomctl_why", filling(name, ...))[0]
	return shown(why, "cause flags") .. " " .. ffi.string(why.capability) .. " " .. ffi.string(
		why.path
	)
end

-- pid has an oom_score_adj of 1000.
local function causes_of_process(pid, pidfd)
	local path, out = "/proc/" .. pid .. "/oom_score_adj", ffi.new("struct oomctl_why[1]")
	local refusal = floor_refusal()
	for by, which in pairs({ proc = pid, pidfd = pidfd }) do
		local name = "oomctl_why_" .. by
		expect(name, explained(name, nil, which, 1000, 0), NONE .. " 0  " .. path)
		for _, code in ipairs({ 0, -EACCES }) do
			local flags = code == 0 and MAYBE or 0
			local want = refusal .. " " .. flags .. " CAP_SYS_RESOURCE " .. path
			if refusal == NONE then
				want = (code == 0 and NONE or SECURITY_MODULE) .. " 0  " .. path
			end
			expect(name, explained(name, nil, which, -1000, code), want)
		end
		local got = explained(name, nil, which, 1001, -EINVAL)
		expect(name, got, BAD_VALUE .. " 0  " .. path)
		resizes(name, "struct oomctl_why", filling(name, nil, which, -1000, -EACCES))
		gives(-EINVAL, name, nil, which, 1000, 1, out, ffi.sizeof(out))
		gives(-EINVAL, name, nil, -1, 1000, 0, out, ffi.sizeof(out))
	end
end

local function causes_of_machine()
	local name, out = "oomctl_why_vm", ffi.new("struct oomctl_why[1]")
	local knob, path = NUMBER.overcommit_ratio, "/proc/sys/vm/overcommit_ratio"
	local is_free = ffi.C.access(path, W_OK) == 0
	local found = explained(name, nil, knob, 0)
	expect(name, found:match(" .*"), " 0  " .. path)
	expect(name, found:match("^%d+ ") == NONE .. " ", is_free)
	found = explained(name, nil, knob, -EACCES)
	expect(name, found:match(" .*"), " 0  " .. path)
	expect(name, found:match("^%d+ ") == SECURITY_MODULE .. " ", is_free)
	expect(name, explained(name, nil, knob, -EINVAL), BAD_VALUE .. " 0  " .. path)
	resizes(name, "struct oomctl_why", filling(name, nil, knob, -EINVAL))
	gives(-EINVAL, name, nil, 0, 0, out, ffi.sizeof(out))
	gives(-EINVAL, name, nil, NUMBER.panic_timeout + 1, 0, out, ffi.sizeof(out))
	gives(-EINVAL, name, nil, knob, 1, out, ffi.sizeof(out))

	name = "oomctl_why_sentence"
	local sentences, count = {}, 0
	for cause = 0, CAUSES do
		local sentence = ffi.string(call(name, cause))
		count = count + (sentences[sentence] and 0 or 1)
		sentences[sentence] = cause
	end
	expect(name, count, CAUSES + 1)
	expect(name, sentences["Nothing stands in the way."], NONE)
	expect(name, sentences["The process has ended: there is nothing to set."], GONE)
	expect(name, sentences["Not a cause of this library."], CAUSES)
end

local function probe()
	local name, kind = "oomctl_probe_read", "struct oomctl_probe"
	local found = filled(name, kind, filling(name, nil))[0]
	local release, text = {}, read("/proc/sys/kernel/osrelease"):match("%C+")
	for part in text:match("^[%d.]+"):gmatch("%d+") do
		release[#release + 1] = tonumber(part)
	end
	expect(name, ffi.string(found.release_text), text)
	local minor, patch = release[2] or 0, math.min(release[3] or 0, 255)
	expect(name, found.release, release[1] * 65536 + minor * 256 + patch)
	expect(name, tonumber(found.rule) == RULE_5_9, is_since(5, 9))
	expect(name, found.page_size, page_kb() * 1024)
	local limit = number(read("/proc/meminfo"):match("CommitLimit: +(%d+)"))
	expect(name, found.printed_limit_kb, limit)
	expect(name, found.computed_limit_kb, limit)
	local cause = explained("oomctl_why_vm", nil, OVERCOMMIT_MEMORY, 0):match("^%d+")
	expect(name, tonumber(found.vm_cause), tonumber(cause))
	local refusal = floor_refusal()
	expect(name, found.floor, refusal == NONE and NO_FLOOR or own_adj())
	local held = refusal ~= BELOW_FLOOR and SYS_RESOURCE or 0
	expect(name, bit.band(tonumber(found.flags), PROCFS + SYS_RESOURCE), PROCFS + held)
	resizes(name, kind, filling(name, nil))
end

-- Whether it gives true in a child of fork().
local function in_child(body)
	local pid, status = ffi.C.fork(), ffi.new("int[1]", -1)
	if pid == 0 then
		ffi.C._exit(body() and 0 or 1)
	end
	ffi.C.waitpid(pid, status, 0)
	return status[0] == 0
end

local function protect()
	local begin, finish = "oomctl_protect_begin", "oomctl_protect_end"
	local pause, resume = "oomctl_protect_pause", "oomctl_protect_resume"
	local reset = "oomctl_protect_reset_child"
	local guard, now = ffi.new("struct oomctl_guard[1]"), ffi.new("int32_t[1]")
	local before, open, size = own_adj(), descriptors(), ffi.sizeof(guard)
	gives(-EINVAL, begin, nil, 1001, STRICT, guard, size)
	gives(-EINVAL, begin, nil, 999, 0, guard, size)
	gives(-EINVAL, begin, nil, 999, STRICT, nil, size)
	gives(-EINVAL, begin, nil, 999, STRICT, guard, size - 1)
	for i = 1, 2 do
		local none = ({ guard, nil })[i]
		gives(-EINVAL, pause, none, 999)
		gives(-EINVAL, resume, none)
		gives(-EINVAL, finish, none, now)
		gives(-EINVAL, reset, nil, none)
	end
	expect(begin, own_adj(), before)
	expect(begin, bytes_of(guard), ("\0"):rep(size))

	gives(0, begin, nil, 999, STRICT, guard, size)
	expect(begin, own_adj(), 999)
	local want = ("%d 999 %d %d"):format(before, BEGUN, ffi.C.getpid())
	expect(begin, shown(guard[0], "saved_adj adj state pid"), want)
	local is_reset = in_child(function()
		return call(reset, nil, guard) == 0
			and own_adj() == before
			and call(finish, guard, now) == -ESRCH
	end)
	expect(reset, is_reset, true)
	expect(reset, own_adj(), 999)

	gives(-EINVAL, pause, guard, 1001)
	gives(0, pause, guard, 1000)
	expect(pause, shown(guard[0], "paused_adj resume_adj state"), "1000 999 " .. PAUSED)
	expect(pause, own_adj(), 1000)
	local is_inherited = in_child(function()
		return own_adj() == 1000
	end)
	expect(pause, is_inherited, true)
	gives(-EBUSY, pause, guard, 1000)
	gives(0, resume, guard)
	expect(resume, own_adj(), 999)
	expect(resume, guard[0].state, BEGUN)
	gives(-EINVAL, resume, guard)

	gives(-EINVAL, finish, guard, nil)
	expect(finish, own_adj(), 999)
	expect(finish, get(finish, "int32_t", guard), before)
	expect(finish, own_adj(), before)
	expect(finish, guard[0].state, ENDED)
	gives(-EINVAL, finish, guard, now)
	expect(finish, descriptors(), open)
end

local function task_of(pid)
	local kind = "struct oomctl_task_figures"
	local out = ffi.new(kind .. "[1]")
	gives(0, "oomctl_predict_read_task_figures", nil, pid, out, ffi.sizeof(kind))
	return out[0]
end

-- pid has an oom_score_adj of 1000, and holds still.
local function predictions(pid)
	local name = "oomctl_predict_read_score_rule"
	expect(name, get(name, "enum oomctl_score_rule", nil) == RULE_5_9, is_since(5, 9))

	name = "oomctl_predict_read_total_pages"
	local text = read("/proc/meminfo")
	local kb = text:match("MemTotal: +(%d+)") + text:match("SwapTotal: +(%d+)")
	expect(name, tonumber(get(name, "uint64_t", nil)) * page_kb(), kb)

	name = "oomctl_predict_read_task_figures"
	expect(name, task_of(pid).oom_score_adj, 1000)
	expect(name, task_of(pid).flags % 2, 0)

	name = "oomctl_predict_oom_score"
	local out = ffi.new("int32_t[1]")
	gives(0, name, nil, pid, 1000, out)
	expect(name, out[0], tonumber(read("/proc/" .. pid .. "/oom_score")))
	gives(0, name, nil, pid, -1000, out)
	expect(name, out[0], 0)
	gives(-EINVAL, name, nil, pid, 1001, out)
end

-- pid has an oom_score_adj of 1000, and holds still.
local function rankings(pid)
	for _, row in ipairs({ { "scores", "oom_score", 0 }, { "victims", "badness_pages", 1 } }) do
		local name, key, detailed = "oomctl_rank_" .. row[1], row[2], row[3]
		local entries, count, report = listed(0, name, nil)
		local found = 0
		expect(name, count > 0 and count <= tonumber(report.processes), true)
		for i = 0, count - 1 do
			expect(name, i == 0 or entries[i - 1][key] >= entries[i][key], true)
			if entries[i].pid == pid then
				found = found + 1
				expect(name, entries[i].task.oom_score_adj, 1000)
				expect(name, entries[i].task.rss_pages, task_of(pid).rss_pages * detailed)
				expect(name, entries[i].flags, detailed)
			end
		end
		expect(name, found, 1)
	end

	local name = "oomctl_rank_before"
	local entries, count, report = listed(0, name, nil, pid)
	expect(name, count <= tonumber(report.ahead) and report.ahead < report.processes, true)
	for i = 0, count - 1 do
		expect(name, entries[i].oom_score >= 1000, true)
	end
	listed(-EINVAL, name, nil, -1)

	name = "oomctl_rank_process"
	local entry = ffi.new("struct oomctl_rank_entry[1]")
	gives(0, name, nil, pid, entry, ffi.sizeof(entry))
	expect(name, entry[0].pid, pid)
	expect(name, entry[0].task.rss_pages, task_of(pid).rss_pages)
	gives(-EINVAL, name, nil, -1, entry, ffi.sizeof(entry))
end

local function processes()
	local name = "oomctl_proc_get_oom_score_adj"
	expect(name, get(name, "int32_t", nil, 0), tonumber(read("/proc/self/oom_score_adj")))

	assert(not jit.arch:match("^mips"), "pidfd_open has another number there")
	local pid = start_child()
	repeat -- until it holds still
		local state = read("/proc/" .. pid .. "/stat"):match("%) (%a)")
	until state == "S"
	local pidfd = tonumber(ffi.C.syscall(434, ffi.cast("int", pid), ffi.cast("int", 0)))
	local gauge, value = open_gauges(pid, pidfd), ffi.new("int64_t[1]")
	for _, row in ipairs({ { "proc", pid, 999 }, { "pidfd", pidfd, 1000 } }) do
		local by, which, adj = unpack(row)
		score("oomctl_" .. by .. "_get_oom_score", which, pid)
		adjustment(
			"oomctl_" .. by .. "_get_oom_score_adj",
			"oomctl_" .. by .. "_set_oom_score_adj",
			which,
			pid,
			adj
		)
	end
	local lowest = limits("proc", pid, pid)
	expect("oomctl_adjust_pidfd", limits("pidfd", pidfd, pid), lowest)
	tree(pid)
	causes_of_process(pid, pidfd)
	predictions(pid)
	rankings(pid)
	gives(0, "oomctl_gauge_read", gauge, value)
	expect("oomctl_gauge_read", tonumber(value[0]), 1000)
	ffi.C.kill(pid, SIGKILL)
	ffi.C.waitpid(pid, nil, 0)
	gives(-ESRCH, "oomctl_gauge_read", gauge, value)
	call("oomctl_gauge_close", gauge)
	gives(-ESRCH, "oomctl_pidfd_get_oom_score", nil, pidfd, ffi.new("int32_t[1]"))
	gives(-ESRCH, "oomctl_pidfd_set_oom_score_adj", nil, pidfd, 1000)
	gives(-ESRCH, "oomctl_adjust_pidfd", nil, pidfd, 1000, STRICT, ffi.new("int32_t[1]"))
	local explanation = explained("oomctl_why_pidfd", nil, pidfd, 1000, -ESRCH)
	expect("oomctl_why_pidfd", explanation:match("^%d+ %d+  "), GONE .. " 0  ")
end

local function read_meminfo(out, size)
	return call("oomctl_meminfo_read", nil, out, size)
end

local function meminfo()
	local name, kind = "oomctl_meminfo_parse", "struct oomctl_meminfo"
	local lines = {}
	for i, row in ipairs(MEMINFO) do
		local unit = row[1]:match("_kb$") and " kB" or ""
		lines[i] = row[2] .. ": " .. tostring(U64_MAX - i):match("%d+") .. unit .. "\n"
	end
	local text = table.concat(lines)
	local function parse(out, size)
		return call(name, text, #text, out, size)
	end
	local parsed = filled(name, kind, parse)
	for i, row in ipairs(MEMINFO) do
		expect(name, parsed[0][row[1]], U64_MAX - i)
	end
	expect(name, parsed[0].present, 2ULL ^ #MEMINFO - 1)
	resizes(name, kind, parse)

	name = "oomctl_meminfo_read"
	local now = filled(name, kind, read_meminfo)
	text = read("/proc/meminfo")
	for _, i in ipairs({ 1, 4, 6, 8 }) do -- those that hold still
		expect(name, now[0][MEMINFO[i][1]], number(text:match(MEMINFO[i][2] .. ": +(%d+)")))
	end
	resizes(name, kind, read_meminfo)
end

local function commit_limit()
	local name, kind = "oomctl_meminfo_read_commit_figures", "struct oomctl_commit_figures"
	local function read_figures(out, size)
		return call(name, nil, out, size)
	end
	local figures = filled(name, kind, read_figures)
	expect(name, figures[0].page_size, tonumber(ffi.C.sysconf(SC_PAGESIZE)))
	resizes(name, kind, read_figures)

	local kernel = filled("oomctl_meminfo_read", "struct oomctl_meminfo", read_meminfo)
	local limit_of, ratio_of = "oomctl_calc_commit_limit", "oomctl_calc_overcommit_ratio"
	expect(limit_of, get(limit_of, "uint64_t", figures), kernel[0].commit_limit_kb)
	gives(-EINVAL, limit_of, nil, ffi.new("uint64_t[1]"))
	gives(-EINVAL, limit_of, figures, nil)
	gives(-EINVAL, ratio_of, figures, 0, nil)

	figures = ffi.new(kind .. "[1]", { { mem_total_kb = 4029312, page_size = 4096 } })
	local limit
	for _, row in ipairs({ { 50, 2014656 }, { 100, 4029312 }, { I32_MAX, 86528816286608 } }) do
		figures[0].overcommit_ratio, limit = unpack(row)
		expect(limit_of, get(limit_of, "uint64_t", figures), limit)
		expect(ratio_of, get(ratio_of, "int32_t", figures, limit), row[1])
	end
	gives(-ERANGE, ratio_of, figures, limit + 1, ffi.new("int32_t[1]"))
end

local function oom_scores()
	local task = ffi.new("struct oomctl_task_figures[1]")
	local i32, i64 = ffi.new("int32_t[1]"), ffi.new("int64_t[1]")
	local name, badness_of = "oomctl_calc_oom_score", "oomctl_calc_badness"
	task[0].rss_pages, task[0].pgtable_pages = FOOTPRINT - 30, 30
	for adj, score in pairs(OOM_SCORES) do
		task[0].oom_score_adj = adj
		gives(0, name, RULE_5_9, task, TOTAL, i32)
		expect(name, i32[0], score)
		gives(0, badness_of, RULE_5_9, task, TOTAL, i64)
		local badness = FOOTPRINT + adj * 250 + 0LL
		expect(badness_of, i64[0], adj > -1000 and badness or I64_MIN)
	end
	gives(-EINVAL, name, RULE_5_9, nil, TOTAL, i32)
	gives(-EINVAL, badness_of, RULE_5_9 + 1, task, TOTAL, i64)

	name = "oomctl_calc_badness_of_oom_score"
	local least, most = get_two({ "int64_t", "int64_t" }, name, RULE_5_9, 1024, TOTAL)
	expect(name, least, 134298LL)
	expect(name, most, 134798LL)
	gives(-EINVAL, name, RULE_5_9, -1, TOTAL, i64, i64)
	name = "oomctl_calc_footprint_of_oom_score"
	least, most = get_two({ "uint64_t", "uint64_t" }, name, RULE_5_9, 1024, 500, 0, TOTAL)
	expect(name, least, 9298ULL)
	expect(name, most, 9798ULL)
	local u64 = ffi.new("uint64_t[1]")
	gives(-ERANGE, name, RULE_5_9, 1024, -1000, 0, TOTAL, u64, u64)
end

local function choices()
	local tasks = ffi.new("struct oomctl_task_figures[3]")
	for i, row in ipairs({ { 90000, -500 }, { 2000, 0 }, { 1000, 300 } }) do
		tasks[i - 1].rss_pages, tasks[i - 1].oom_score_adj = unpack(row)
	end
	local name = "oomctl_calc_victim"
	local index, margin = get_two({ "size_t", "int64_t" }, name, RULE_5_9, tasks, 3, TOTAL)
	expect(name, tonumber(index), 2)
	expect(name, margin, 74000LL)
	gives(-ESRCH, name, RULE_5_9, tasks, 0, TOTAL, ffi.new("size_t[1]"), ffi.new("int64_t[1]"))

	local out = ffi.new("int32_t[1]")
	local below, above = "oomctl_calc_oom_score_adj_below", "oomctl_calc_oom_score_adj_above"
	gives(0, below, RULE_5_9, tasks, TOTAL, 2000, out)
	expect(below, out[0], -353)
	tasks[0].rss_pages = 2000
	gives(0, above, RULE_5_9, tasks, TOTAL, 90000, out)
	expect(above, out[0], 353)
	gives(-ERANGE, below, RULE_5_9, tasks, TOTAL, I64_MIN, out)
	gives(-ERANGE, above, RULE_5_9, tasks, TOTAL, I64_MAX, out)
end

local function grants()
	local kind, outs = "struct oomctl_grant_figures", { "enum oomctl_verdict", "int64_t" }
	local name = "oomctl_predict_read_grant_figures"
	local function read_figures(out, size)
		return call(name, nil, out, size)
	end
	local figures = filled(name, kind, read_figures)
	local policy = tonumber(read("/proc/sys/vm/overcommit_memory"))
	expect(name, tonumber(figures[0].overcommit_memory), policy)
	expect(name, figures[0].commit.page_size, page_kb() * 1024)
	resizes(name, kind, read_figures)

	name = "oomctl_predict_commit"
	local verdict, margin = get_two(outs, name, nil, 2 ^ 50)
	if policy == 1 then
		expect(name, verdict, GRANTED)
		expect(name, margin, I64_MAX)
	elseif policy == 2 or is_since(5, 2) then
		expect(name, verdict, REFUSED)
		expect(name, margin < 0, true)
	end
	gives(-EINVAL, name, nil, 4, nil, nil)
	name = "oomctl_predict_fork"
	verdict, margin = get_two(outs, name, nil)
	if policy == 0 and is_since(5, 2) then
		expect(name, verdict, GRANTED)
		expect(name, margin > 0, true)
	end
	gives(-EINVAL, name, nil, nil, nil)

	ffi.fill(figures, ffi.sizeof(kind))
	figures[0].commit.mem_total_kb, figures[0].commit.page_size = 4029312, 4096
	figures[0].cpus = 2
	name = "oomctl_calc_grant"
	for _, row in ipairs({ { 4029312, GRANTED, 0LL }, { 4029313, REFUSED, -4LL } }) do
		verdict, margin = get_two(outs, name, figures, row[1])
		expect(name, verdict, row[2])
		expect(name, margin, row[3])
	end
	local most = "oomctl_calc_grant_max"
	expect(most, get(most, "uint64_t", figures), 4029312ULL)
	local bound = "oomctl_calc_grant_bound"
	expect(bound, get(bound, "uint64_t", figures, 4), 0ULL)
	figures[0].overcommit_memory, figures[0].commit.overcommit_ratio = 2, 50
	expect(bound, get(bound, "uint64_t", figures, 4), 2ULL * (1967 - 1) * 4)
	gives(-EINVAL, bound, figures, 4, nil)
	figures[0].overcommit_memory = 1
	expect(most, get(most, "uint64_t", figures), U64_MAX)
	gives(-EINVAL, name, nil, 4, ffi.new("enum oomctl_verdict[1]"), ffi.new("int64_t[1]"))
	gives(-EINVAL, most, figures, nil)
end

local function dropin(root)
	local render, parse = "oomctl_dropin_render", "oomctl_dropin_parse"
	local kind, text = "struct oomctl_policy", ffi.new("char[?]", DROPIN_MAX)
	local kept = policy({
		overcommit_memory = 2,
		overcommit_ratio = 80,
		admin_reserve_kbytes = U64_MAX,
		panic_timeout = -1,
	})
	local length = ffi.new("size_t[1]")
	gives(0, render, kept, text, DROPIN_MAX, length)
	local rendered = ffi.string(text)
	expect(render, tonumber(length[0]), #rendered)
	local lines = {
		"kernel.panic = -1",
		"vm.admin_reserve_kbytes = 18446744073709551615",
		"vm.overcommit_ratio = 80",
		"vm.overcommit_memory = 2",
		"",
	}
	expect(render, rendered:match("\n(.*)"), table.concat(lines, "\n"))

	local small, out = ffi.new("char[?]", DROPIN_MAX), ffi.new("size_t[1]")
	local both = policy({ overcommit_ratio = 1, overcommit_kbytes = 1 })
	gives(-ERANGE, render, kept, small, #rendered, out)
	gives(-EINVAL, render, nil, small, DROPIN_MAX, out)
	gives(-EINVAL, render, kept, nil, DROPIN_MAX, out)
	gives(-EINVAL, render, kept, small, DROPIN_MAX, nil)
	gives(-EINVAL, render, both, small, DROPIN_MAX, out)
	expect(render, bytes_of(small), ("\0"):rep(DROPIN_MAX))
	expect(render, tonumber(out[0]), 0)

	local parsed = filling(parse, rendered, #rendered)
	expect(parse, bytes_of(filled(parse, kind, parsed)), bytes_of(kept))
	expect(parse, filled(parse, kind, filling(parse, nil, 0))[0].knobs, 0)
	resizes(parse, kind, parsed)
	local got, size = policy({}), ffi.sizeof(kind)
	gives(-EINVAL, parse, nil, 1, got, size)
	for number_text, code in pairs({ ["0x10"] = -EBADMSG, ["2147483648"] = -ERANGE }) do
		local line = "vm.overcommit_ratio = " .. number_text
		gives(code, parse, line, #line, got, size)
	end
	expect(parse, bytes_of(got), ("\0"):rep(size))

	local put, look = "oomctl_dropin_write", "oomctl_dropin_read"
	local dir = root .. "/etc/sysctl.d"
	local path = dir .. "/90-oom.conf"
	gives(-EOPNOTSUPP, put, root .. "/none/90-oom.conf", kept)
	gives(-EINVAL, put, nil, kept)
	gives(-EINVAL, put, path, nil)
	gives(-EOPNOTSUPP, look, path, got, size)
	gives(0, put, path, kept)
	expect(put, read(path), rendered)
	local listing = io.popen("ls -A " .. dir)
	expect(put, listing:read("*a"), "90-oom.conf\n")
	listing:close()
	expect(look, bytes_of(filled(look, kind, filling(look, path))), bytes_of(kept))
	resizes(look, kind, filling(look, path))
	gives(-EINVAL, look, nil, got, size)
end

-- procps reads another file later.
local function dropin_find(root)
	local name, size = "oomctl_dropin_find", ffi.sizeof("struct oomctl_policy")
	local conf, room = root .. "/etc/sysctl.conf", #root + 300
	local ratio = NUMBER.overcommit_ratio
	write(conf, "vm.overcommit_ratio = 90\n")
	for _, row in ipairs({
		{ SYSTEMD, 80, root .. "/etc/sysctl.d/90-oom.conf" },
		{ PROCPS, 90, conf },
	}) do
		local out, found = policy({}), ffi.new("char[?]", room)
		gives(0, name, root, row[1], ratio, out, size, found, room)
		expect(name, bytes_of(out), bytes_of(policy({ overcommit_ratio = row[2] })))
		expect(name, ffi.string(found), row[3])
	end

	local out, found = policy({}), ffi.new("char[?]", room)
	gives(-EOPNOTSUPP, name, root, SYSTEMD, NUMBER.oom_dump_tasks, out, size, found, room)
	gives(-ERANGE, name, root, SYSTEMD, ratio, out, size, found, 9)
	gives(-EINVAL, name, root, 0, ratio, out, size, found, room)
	gives(-EINVAL, name, root, SYSTEMD, 0, out, size, found, room)
	gives(-EINVAL, name, root, SYSTEMD, ratio, nil, size, found, room)
	gives(-EINVAL, name, root, SYSTEMD, ratio, out, 0, found, room)
	gives(-EINVAL, name, root, SYSTEMD, ratio, out, size, nil, room)
	expect(name, bytes_of(out), ("\0"):rep(size))
	expect(name, bytes_of(found), ("\0"):rep(room))
end

-- Counts each function that is declared: it has to be called.
local function report()
	local passed, not_passed = 0, 0
	for name in cdef:gmatch("(oomctl_[%w_]+)%(") do
		expect(name, called[name], true)
		if failed[name] then
			not_passed = not_passed + 1
		else
			passed = passed + 1
			print("PASS " .. name)
		end
	end
	print(("%d passed, %d failed"):format(passed, not_passed))
	return not_passed == 0
end

local pipe = io.popen([[
	root=$(mktemp -d) && cd "$root" &&
	mkdir -p etc/sysctl.d sys/fs/cgroup/a sys/fs/cgroup/b proc/sys/vm proc/sys/kernel &&
	mkdir -p proc/7 proc/8 proc/9 &&
	mkdir -p proc/self/ns proc/thread-self && ln -s 'user:[4026531837]' proc/self/ns/user &&
	pwd]])
local root = pipe:read("*l")
pipe:close()

texts()
local ok, problem = pcall(function()
	contexts(root)
	dropin(root)
	dropin_find(root)
end)
os.execute("rm -r " .. root)
assert(ok, problem)
tune_here()
own_floor()
protect()
probe()
causes_of_machine()
processes()
meminfo()
commit_limit()
oom_scores()
choices()
grants()
os.exit(report() and 0 or 1)
