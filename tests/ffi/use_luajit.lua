-- SPDX-License-Identifier: MIT
-- Usage: use_luajit.lua CDEF ROOT PID. ROOT has proc and sys; PID is a child's that may be raised.
local ffi = require("ffi")
local cdef_path, root, pid = arg[1], arg[2], tonumber(arg[3])
local EINVAL, EOPNOTSUPP = -22, -95

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

local function expect(got, want)
  if got ~= want then
    error(("got %s, wanted %s"):format(tostring(got), tostring(want)), 2)
  end
end

local cdef = read(cdef_path)
ffi.cdef(cdef) -- as it is
ffi.cdef("long syscall(long number, ...); int close(int fd);")
local library = ffi.load("liboomctl.so.0")

-- Remembers which functions are called.
local called = {}
local oomctl = setmetatable({}, { __index = function(_, name)
  called["oomctl_" .. name] = true
  return library["oomctl_" .. name]
end })

local function check_knob(ctx, name, path, ctype, value)
  local file = root .. "/proc/sys/" .. path
  local out = ffi.new(ctype .. "[1]")
  write(file, "")
  expect(oomctl["vm_set_" .. name](ctx, value), 0)
  expect(oomctl["vm_get_" .. name](ctx, out), 0)
  expect(tonumber(out[0]), tonumber(value))
  expect(tonumber(read(file)), tonumber(value))
  expect(oomctl["vm_get_" .. name](ctx, nil), EINVAL)
end

local function check_process(by, handle)
  local out = ffi.new("int32_t[1]")
  expect(oomctl[by .. "_set_oom_score_adj"](nil, handle, 500), 0)
  expect(oomctl[by .. "_get_oom_score_adj"](nil, handle, out), 0)
  expect(out[0], 500)
  expect(oomctl[by .. "_get_oom_score"](nil, handle, out), 0)
  expect(out[0], tonumber(read("/proc/" .. pid .. "/oom_score")))
  expect(oomctl[by .. "_set_oom_score_adj"](nil, handle, 1001), EINVAL)
end

local function check_figures(ctx)
  local meminfo = ffi.new("struct oomctl_meminfo")
  local figures = ffi.new("struct oomctl_commit_figures")
  local limit, ratio = ffi.new("uint64_t[1]"), ffi.new("int32_t[1]")
  local text = "MemTotal: 4029312 kB\nHugetlb: 0 kB\n"
  write(root .. "/proc/meminfo", text)
  write(root .. "/proc/sys/vm/overcommit_ratio", "50\n")
  write(root .. "/proc/sys/vm/overcommit_kbytes", "0\n")
  expect(oomctl.meminfo_read(ctx, meminfo, ffi.sizeof(meminfo)), 0)
  expect(meminfo.mem_total_kb, 4029312ULL)
  expect(oomctl.meminfo_parse(text, #text, meminfo, ffi.sizeof(meminfo)), 0)
  expect(tonumber(meminfo.present),
    tonumber(ffi.C.OOMCTL_MEMINFO_MEM_TOTAL) + tonumber(ffi.C.OOMCTL_MEMINFO_HUGETLB))
  expect(oomctl.meminfo_read_commit_figures(ctx, figures, ffi.sizeof(figures)), 0)
  figures.page_size = 4096
  expect(oomctl.calc_commit_limit(figures, limit), 0)
  expect(limit[0], 2014656ULL)
  expect(oomctl.calc_overcommit_ratio(figures, 4029312, ratio), 0)
  expect(ratio[0], 100)
end

local out = ffi.new("struct oomctl_ctx *[1]")
expect(oomctl.ctx_new("/nowhere", nil, out), EOPNOTSUPP)
expect(oomctl.ctx_new(root .. "/proc", root .. "/sys", out), 0)
local ctx = out[0]
check_knob(ctx, "overcommit_memory", "vm/overcommit_memory", "enum oomctl_overcommit", 2)
check_knob(ctx, "overcommit_ratio", "vm/overcommit_ratio", "int32_t", 2147483647)
check_knob(ctx, "overcommit_kbytes", "vm/overcommit_kbytes", "uint64_t", 9007199254740991ULL)
check_knob(ctx, "panic_on_oom", "vm/panic_on_oom", "enum oomctl_panic", 1)
check_knob(ctx, "oom_kill_allocating_task", "vm/oom_kill_allocating_task", "int32_t", -1)
check_knob(ctx, "oom_dump_tasks", "vm/oom_dump_tasks", "int32_t", 7)
check_knob(ctx, "admin_reserve_kbytes", "vm/admin_reserve_kbytes", "uint64_t", 8192)
check_knob(ctx, "user_reserve_kbytes", "vm/user_reserve_kbytes", "uint64_t", 4096)
check_knob(ctx, "panic_timeout", "kernel/panic", "int32_t", -2)
check_figures(ctx)
oomctl.ctx_free(ctx)

check_process("proc", pid)
local pidfd_open = 434 -- on every architecture
local pidfd = tonumber(ffi.C.syscall(pidfd_open, ffi.cast("int", pid), ffi.cast("int", 0)))
check_process("pidfd", pidfd)
ffi.C.close(pidfd)

assert(ffi.string(oomctl.version()):match("^%d+%.%d+%.%d+$"))
assert(ffi.string(oomctl.strerror(-3)):match("process"))

local count = 0
for name in cdef:gmatch("(oomctl_[%w_]+)%(") do
  assert(called[name], name .. " is not called")
  count = count + 1
end
assert(count > 0)
print(count .. " functions called")
