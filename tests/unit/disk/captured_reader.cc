// A pyro-disk-reader that a disk has taken over: the path that it is asked for says what it tries.

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>

#include "common/api/msgpack_codec.h"
#include "common/base/files.h"
#include "services/files/disk/question.h"

namespace {

using pyro::files::DiskAnswer;
using pyro::files::DiskQuestion;

/// What it got, one word each.
std::string steal(const DiskQuestion& question) {
  std::string got;
  const auto attempt = [&got](const char* what, bool succeeded) {
    if (succeeded) got += std::string(what) + " ";
  };
  attempt("passwd", ::open("/etc/passwd", O_RDONLY) >= 0);
  attempt("home", ::open("/root", O_RDONLY) >= 0 || ::open("/home", O_RDONLY) >= 0);
  attempt("beside", ::open((question.disks.workspace + ".secret").c_str(), O_RDONLY) >= 0);
  attempt("write", ::open(question.disks.workspace.c_str(), O_RDWR) >= 0);
  attempt("create", ::open("/new", O_WRONLY | O_CREAT, 0600) >= 0);
  attempt("proc", ::open("/proc/self/status", O_RDONLY) >= 0);
  attempt("socket", ::socket(AF_INET, SOCK_STREAM, 0) >= 0);
  attempt("fork", ::fork() >= 0);
  attempt("kill", ::kill(static_cast<pid_t>(question.offset), 0) == 0);
  attempt("environment", environ != nullptr && *environ != nullptr);
  attempt("disk", ::open(question.disks.workspace.c_str(), O_RDONLY) >= 0);
  return got;
}

}  // namespace

int main() {
  const auto question = pyro::api::from_msgpack<DiskQuestion>(
      pyro::read_to_end(STDIN_FILENO, 1U << 16U), pyro::api::UnknownFields::kRefuse);
  const std::string& task = question.path.data;
  const std::string junk(1U << 16U, 'x');
  for (volatile bool spinning = task == "spin"; spinning;) {
  }
  while (task == "flood")
    [[maybe_unused]] const ssize_t n = ::write(STDOUT_FILENO, junk.data(), junk.size());
  if (task == "crash") ::abort();
  if (task == "silent") return 0;
  if (task == "junk") pyro::write_all(STDOUT_FILENO, junk);
  if (task == "eat") {
    for (;;) {
      void* piece = ::malloc(1U << 20U);
      if (piece == nullptr) ::abort();
      std::memset(piece, 1, 1U << 20U);
    }
  }
  DiskAnswer answer;
  if (task == "steal") answer.detail = steal(question);
  answer.entries.emplace_back();
  if (task == "more") answer.content = std::string(question.max_bytes + 1, 'x');
  if (task == "two") answer.entries.emplace_back().path = "other";
  std::string bytes = pyro::files::encoded(answer);
  if (task == "climb") {
    answer.entries.emplace_back().path = "aa/bb/etc";
    bytes = pyro::files::encoded(answer);
    bytes.replace(bytes.find("aa/bb"), 5, "../..");
  }
  if (task == "half") bytes.pop_back();
  pyro::write_all(STDOUT_FILENO, bytes);
  return 0;
}
