// pyro-image-guard PROGRAM ARGUMENT…
//
// Runs a program so that none of its processes outlives it, or outlives our starter. Process groups
// and PR_SET_PDEATHSIG do not reach that far: fakeroot's `faked` makes a session of its own. Three
// processes: the front, which our caller started and may kill at any time; the guard, its child in
// a session of its own, to which the kernel hands every orphan below it (PR_SET_CHILD_SUBREAPER);
// and the program. When the program ends, or the front is gone, the guard kills and reaps all that
// is left. It needs nothing but system calls.

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "common/base/standard_descriptors.h"

namespace {

/// The caller's pipe: it reads end of file once the guard has gone. Set by services/image/tool.cc.
constexpr int kAliveDescriptor = 9;
constexpr int kCouldNotStart = 127;
constexpr int kFrontIsGone = 128 + SIGKILL;

/// The parent of a process, from /proc/PID/stat; its name may hold spaces and parentheses.
pid_t parent_of(const char* pid) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
  std::FILE* file = std::fopen(path, "re");
  if (file == nullptr) return -1;
  char text[512] = {};
  const std::size_t length = std::fread(text, 1, sizeof text - 1, file);
  std::fclose(file);
  text[length] = '\0';
  const char* end = std::strrchr(text, ')');
  int parent = -1;
  char state = 0;
  if (end == nullptr || std::sscanf(end + 1, " %c %d", &state, &parent) != 2) return -1;
  return parent;
}

void kill_children() {
  DIR* proc = ::opendir("/proc");
  if (proc == nullptr) return;
  while (const dirent* entry = ::readdir(proc)) {
    const pid_t pid = std::atoi(entry->d_name);
    if (pid > 0 && parent_of(entry->d_name) == ::getpid()) ::kill(pid, SIGKILL);
  }
  ::closedir(proc);
}

/// A dying process hands us its children, so in the end all have been ours.
void end_all() {
  do {
    kill_children();
  } while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR);
}

pid_t start(char** argv) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::setsid();
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::close(kAliveDescriptor);
  ::execvp(argv[0], argv);
  std::fprintf(stderr, "pyro-image-guard: start '%s': %s\n", argv[0], std::strerror(errno));
  ::_exit(kCouldNotStart);
}

/// Until the program ends (its status), or the front does.
int watch(pid_t program, int front, int children) {
  pollfd watched[] = {{front, POLLIN, 0}, {children, POLLIN, 0}};
  while (true) {
    if (::poll(watched, 2, -1) < 0 && errno != EINTR) return kCouldNotStart;
    if (watched[0].revents != 0) return kFrontIsGone;
    if (watched[1].revents == 0) continue;
    signalfd_siginfo ignored;
    [[maybe_unused]] const ssize_t n = ::read(children, &ignored, sizeof ignored);
    int status = 0;
    for (pid_t ended; (ended = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      if (ended != program) continue;
      return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
  }
}

int guard(char** argv, int front) {
  ::setsid();
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  sigset_t child_ended;
  ::sigemptyset(&child_ended);
  ::sigaddset(&child_ended, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child_ended, nullptr);
  const int children = ::signalfd(-1, &child_ended, SFD_CLOEXEC);
  const pid_t program = start(argv);
  const int status = program < 0 ? kCouldNotStart : watch(program, front, children);
  end_all();
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  pyro::open_standard_descriptors();
  if (argc < 2) {
    std::fprintf(stderr, "usage: pyro-image-guard PROGRAM [ARGUMENT...]\n");
    return 2;
  }
  int front[2];
  if (::pipe2(front, O_CLOEXEC) != 0) return kCouldNotStart;
  const pid_t pid = ::fork();
  if (pid < 0) return kCouldNotStart;
  if (pid == 0) {
    ::close(front[1]);
    ::_exit(guard(argv + 1, front[0]));
  }
  ::close(kAliveDescriptor);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : kFrontIsGone;
}
