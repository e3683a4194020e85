/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

const char *fixture_path(const struct fixture *f, const char *path)
{
	static char buf[256];

	snprintf(buf, sizeof(buf), "%s/%s", f->dir, path);
	return buf;
}

static void make_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
}

static int create(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}

void fixture_put_bytes(const struct fixture *f, const char *path, const char *bytes,
		       size_t len)
{
	char buf[256];
	int fd;

	snprintf(buf, sizeof(buf), "%s", fixture_path(f, path));
	fd = create(buf);
	if (fd < 0) {
		make_parents(buf);
		fd = create(buf);
	}
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

void fixture_put(const struct fixture *f, const char *path, const char *text)
{
	fixture_put_bytes(f, path, text, strlen(text));
}

void fixture_make_fifo(const struct fixture *f, const char *path)
{
	assert_int_equal(mkfifo(fixture_path(f, path), 0644), 0);
}

void fixture_remove(const struct fixture *f, const char *path)
{
	assert_int_equal(remove(fixture_path(f, path)), 0);
}

void fixture_expect(const struct fixture *f, const char *path, const char *text)
{
	char buf[256];
	ssize_t n;
	int fd;

	fd = open(fixture_path(f, path), O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	assert_true(n >= 0);
	buf[n] = '\0';
	assert_string_equal(buf, text);
}

int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char proc[sizeof(f->dir) + 8], sys[sizeof(f->dir) + 8];

	f->descriptors = open_descriptors();
	strcpy(f->dir, "/tmp/oomctl-test-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;

	snprintf(proc, sizeof(proc), "%s/proc", f->dir);
	snprintf(sys, sizeof(sys), "%s/sys", f->dir);
	mkdir(proc, 0755);
	mkdir(sys, 0755);
	*state = f;
	return oomctl_ctx_new(proc, sys, &f->ctx);
}

static int remove_entry(const char *path, const struct stat *st, int type,
			struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;
	int r;

	oomctl_ctx_free(f->ctx);
	r = nftw(f->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	if (open_descriptors() != f->descriptors) {
		print_message("a descriptor is left open\n");
		r = -1;
	}
	free(f);
	return r;
}

int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}
