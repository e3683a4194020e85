/* SPDX-License-Identifier: MIT */
#include <oomctl/calc.h>

#include <fcntl.h>
#include <string.h>
#include <sys/swap.h>
#include <unistd.h>

#include <oomctl/meminfo.h>
#include <oomctl/vm.h>

#include "restore.h"
#include "test.h"

#define SWAP_FILE "live_commit.swap"
enum { SWAP_SIZE = 64 << 20 };

static int compared;

static void expect_the_kernels_limit(void)
{
	struct oomctl_commit_figures in;
	struct oomctl_meminfo m;
	uint64_t kb = 0;

	assert_int_equal(oomctl_meminfo_read_commit_figures(NULL, &in, sizeof(in)), 0);
	assert_int_equal(oomctl_calc_commit_limit(&in, &kb), 0);
	assert_int_equal(oomctl_meminfo_read(NULL, &m, sizeof(m)), 0);
	if (kb != m.commit_limit_kb)
		fail_msg("ratio %d kbytes %llu: computed %llu, kernel %llu",
			 in.overcommit_ratio, (unsigned long long)in.overcommit_kbytes,
			 (unsigned long long)kb, (unsigned long long)m.commit_limit_kb);
	compared++;
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void expect_it_for_every_share(void)
{
	/* Negative ratios are the kernel's to take, not the library's. */
	static const char *const ratios[] = { "0",          "1",          "33",  "50",
					      "99",         "100",        "101", "150",
					      "999",        "12345",      "-1",  "-50",
					      "2147483647", "-2147483648" };
	static const uint64_t kbytes[] = {
		0,
		1,
		3,
		4,
		5,
		4095,
		4096,
		4097,
		UINT64_C(1) << 31,
		(UINT64_C(1) << 40) + 3,
		UINT64_C(1) << 63,
		UINT64_MAX,
	};

	for (size_t i = 0; i < LENGTH(ratios); i++) {
		write_text("/proc/sys/vm/overcommit_ratio", ratios[i]);
		expect_the_kernels_limit();
	}
	for (size_t i = 0; i < LENGTH(kbytes); i++) {
		assert_int_equal(oomctl_vm_set_overcommit_kbytes(NULL, kbytes[i]), 0);
		expect_the_kernels_limit();
	}
}

static void the_limit_is_the_kernels(void **state)
{
	(void)state;
	expect_it_for_every_share();
}

static void so_it_is_with_huge_pages(void **state)
{
	struct oomctl_meminfo m;

	(void)state;
	write_text("/proc/sys/vm/nr_hugepages", "11");
	assert_int_equal(oomctl_meminfo_read(NULL, &m, sizeof(m)), 0);
	if (m.hugetlb_kb == 0)
		SKIP_UNAVOIDABLE("this machine gives no huge pages");
	expect_it_for_every_share();
}

static bool make_swap_file(void)
{
	static char header[4096 * 16];
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint32_t version_last_bad[] = { 1, (uint32_t)(SWAP_SIZE / page - 1), 0 };
	static char zeros[1 << 20];
	bool ok = true;
	int fd;

	memcpy(header + 1024, version_last_bad, sizeof(version_last_bad));
	memcpy(header + page - 10, "SWAPSPACE2", 10);
	fd = open(SWAP_FILE, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	for (int i = 0; i < SWAP_SIZE / (int)sizeof(zeros); i++)
		ok = write(fd, zeros, sizeof(zeros)) == sizeof(zeros) && ok;
	ok = pwrite(fd, header, page, 0) == (ssize_t)page && fsync(fd) == 0 && ok;
	close(fd);
	return ok;
}

static void remove_swap_file(void)
{
	swapoff(SWAP_FILE);
	unlink(SWAP_FILE);
}

static void so_it_is_with_swap_and_huge_pages(void **state)
{
	struct oomctl_meminfo m;

	(void)state;
	if (!make_swap_file() || swapon(SWAP_FILE, 0) < 0)
		SKIP_UNAVOIDABLE("this machine takes no swap file");
	assert_int_equal(oomctl_meminfo_read(NULL, &m, sizeof(m)), 0);
	assert_true(m.swap_total_kb > 60000);
	expect_it_for_every_share();
	write_text("/proc/sys/vm/nr_hugepages", "0");
	expect_it_for_every_share();
	remove_swap_file();
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_limit_is_the_kernels),
		cmocka_unit_test(so_it_is_with_huge_pages),
		cmocka_unit_test(so_it_is_with_swap_and_huge_pages),
	};
	int r;

	if (access("/proc/sys/vm/overcommit_ratio", W_OK) < 0 || geteuid() != 0) {
		printf("SKIP: no right to set the knobs of this machine\n");
		return 77;
	}
	r = cmocka_run_group_tests_name("live commit limit", tests, NULL, NULL);
	print_message("%d limits compared\n", compared);
	return r;
}

int main(void)
{
	return with_knobs_restored(run, remove_swap_file);
}
