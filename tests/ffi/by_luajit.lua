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
int fork(void);
int fcntl(int fd, int command, ...);
int kill(int pid, int signal);
int pause(void);
int prctl(int option, unsigned long value);
long syscall(long number, ...);
long sysconf(int name);
unsigned long long strtoull(const char *text, char **end, int base);
int waitpid(int pid, int *status, int options);
]])
local library = ffi.load("liboomctl.so.0")

local EINVAL, ENOMEM, ESRCH, ERANGE, EOPNOTSUPP = 22, 12, 3, 34, 95
local RULE_5_9, OOM_SCORE, OOM_SCORE_ADJ, OVERCOMMIT_MEMORY = 5, 1, 2, 1
local GRANTED, REFUSED = 0, 1
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
local SC_PAGESIZE, PR_SET_PDEATHSIG, SIGKILL = 30, 1, 9
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

local function get(name, kind, first, second)
	local out = ffi.new(kind .. "[1]")
	if second == nil then
		gives(0, name, first, out)
	else
		gives(0, name, first, second, out)
	end
	return plain(out[0])
end

-- Of a call with two outputs, whose types are the first argument.
local function get_two(kinds, name, ...)
	local first, second = ffi.new(kinds[1] .. "[1]"), ffi.new(kinds[2] .. "[1]")
	local args = { ... }
	local n = select("#", ...)
	args[n + 1], args[n + 2] = first, second
	gives(0, name, unpack(args, 1, n + 2))
	return plain(first[0]), plain(second[0])
end

local function page_kb()
	return tonumber(ffi.C.sysconf(SC_PAGESIZE)) / 1024
end

-- Processes, how many, and the report.
local function rank(code, name, ...)
	local entry, kind = "struct oomctl_rank_entry", "struct oomctl_rank_report"
	local entries, count = ffi.new(entry .. "[?]", ROOM), ffi.new("size_t[1]")
	local report = ffi.new(kind .. "[1]")
	local args = { entries, ROOM, ffi.sizeof(entry), count, report, ffi.sizeof(kind) }
	local all, n = { ... }, select("#", ...)
	for i = 1, 6 do
		all[n + i] = args[i]
	end
	gives(code, name, unpack(all, 1, n + 6))
	return entries, tonumber(count[0]), report[0]
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

	local entries, count, report = rank(0, name, ctx, "/a")
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
	rank(-EOPNOTSUPP, name, ctx, "/none")
	rank(-EINVAL, name, ctx, nil)
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
		local entries, count, report = rank(0, name, nil)
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
	local entries, count, report = rank(0, name, nil, pid)
	expect(name, count <= tonumber(report.ahead) and report.ahead < report.processes, true)
	for i = 0, count - 1 do
		expect(name, entries[i].oom_score >= 1000, true)
	end
	rank(-EINVAL, name, nil, -1)

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
	root=$(mktemp -d) && cd "$root" && mkdir -p sys/fs/cgroup/a proc/sys/vm proc/sys/kernel proc/7 &&
	pwd]])
local root = pipe:read("*l")
pipe:close()

texts()
local ok, problem = pcall(contexts, root)
os.execute("rm -r " .. root)
assert(ok, problem)
processes()
meminfo()
commit_limit()
oom_scores()
choices()
grants()
os.exit(report() and 0 or 1)
