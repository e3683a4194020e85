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
local SC_PAGESIZE, PR_SET_PDEATHSIG, SIGKILL = 30, 1, 9
local I32_MIN, I32_MAX = -2 ^ 31, 2 ^ 31 - 1
local U64_MAX = 0xffffffffffffffffULL
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
	return ffi.istype("uint64_t", value) and value or tonumber(value)
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

local function contexts(root)
	local before = descriptors()
	local proc, sys = root .. "/proc", root .. "/sys"
	local out = ffi.new("struct oomctl_ctx *[1]")
	gives(-EINVAL, "oomctl_ctx_new", proc, sys, nil)
	gives(-EOPNOTSUPP, "oomctl_ctx_new", proc, sys .. "/none", out)

	gives(0, "oomctl_ctx_new", proc, sys, out)
	expect("oomctl_ctx_new", descriptors(), before + 2)
	knobs(out[0], proc .. "/sys/")
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

local function processes()
	local name = "oomctl_proc_get_oom_score_adj"
	expect(name, get(name, "int32_t", nil, 0), tonumber(read("/proc/self/oom_score_adj")))

	assert(not jit.arch:match("^mips"), "pidfd_open has another number there")
	local pid = start_child()
	local pidfd = tonumber(ffi.C.syscall(434, ffi.cast("int", pid), ffi.cast("int", 0)))
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
	ffi.C.kill(pid, SIGKILL)
	ffi.C.waitpid(pid, nil, 0)
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
	root=$(mktemp -d) && cd "$root" && mkdir -p sys proc/sys/vm proc/sys/kernel && pwd]])
local root = pipe:read("*l")
pipe:close()

texts()
local ok, problem = pcall(contexts, root)
os.execute("rm -r " .. root)
assert(ok, problem)
processes()
meminfo()
commit_limit()
os.exit(report() and 0 or 1)
