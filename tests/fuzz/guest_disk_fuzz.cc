#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/base/files.h"
#include "common/process/child_process.h"
#include "services/files/disk/answer.h"

namespace {

namespace fs = std::filesystem;
using pyro::files::DiskAnswer;
using pyro::files::DiskOutcome;
using pyro::files::DiskQuestion;
using pyro::files::DiskTask;

void put(const fs::path& file, const std::string& content) {
  fs::create_directories(file.parent_path());
  pyro::write_file_atomically(file, content);
}

void run(std::vector<std::string> words) {
  pyro::run_checked({.argv = std::move(words)}, pyro::Clock::now() + std::chrono::minutes(1), {});
}

/// The disks of a small guest, made once: a directory in the environment, one over it, a workspace
/// with a transaction in its journal.
class Disks {
 public:
  Disks() {
    put(at("env/etc/hosts"), "hosts\n");
    fs::create_symlink("etc", at("env/link"));
    put(at("sys/upper/etc/added"), "added\n");
    put(at("work/tree/file"), std::string(9000, 'f'));
    put(at("work/tree/d/e"), "e");
    fs::create_symlink(std::string(100, 'l'), at("work/tree/long"));
    for (const char* name : {"env", "sys", "work"}) {
      run({"mke2fs", "-q", "-t", "ext4", "-b", "4096", "-I", "256", "-J", "size=4", "-d",
           at(name).string(), at(std::string(name) + ".ext4").string(), "16M"});
    }
    put(at("block"), std::string(4096, 'j'));
    put(at("requests"), "jo -c\njw -b 1500 " + at("block").string() + "\njc\n");
    run({"debugfs", "-w", "-f", at("requests").string(), at("work.ext4").string()});
    paths_ = {at("env.ext4"), at("sys.ext4"), at("work.ext4")};
  }

  fs::path at(const std::string& name) const { return directory_.path() / name; }
  const std::string& path(std::size_t number) const { return paths_.at(number); }
  pyro::api::DiskPaths all() const { return {paths_[0], paths_[1], paths_[2]}; }

 private:
  pyro::TemporaryDirectory directory_{fs::temp_directory_path(), "pyro-fuzz"};
  std::vector<std::string> paths_;
};

/// One byte of one disk, changed as long as this lives.
class Change {
 public:
  Change(const std::string& disk, off_t at, char value)
      : file_(pyro::open_file(disk, O_RDWR)), at_(at) {
    if (::pread(file_.get(), &old_, 1, at_) != 1 || ::pwrite(file_.get(), &value, 1, at_) != 1) {
      __builtin_trap();
    }
  }
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;
  ~Change() {
    if (::pwrite(file_.get(), &old_, 1, at_) != 1) __builtin_trap();
  }

 private:
  pyro::UniqueFd file_;
  off_t at_;
  char old_ = 0;
};

void ask(const Disks& disks, DiskTask task, const std::string& path) {
  DiskQuestion question{.disks = disks.all(), .task = task, .recursive = true, .max_bytes = 10'000};
  question.path.data = path;
  const DiskAnswer given = pyro::files::answer(question);
  if (given.content.size() > question.max_bytes) __builtin_trap();
  if ((given.outcome == DiskOutcome::kDone) == given.entries.empty()) __builtin_trap();
  // What it says can be said.
  if (pyro::files::decoded(pyro::files::encoded(given), question).entries != given.entries) {
    __builtin_trap();
  }
}

}  // namespace

/// Five bytes each: a disk, a place of three bytes in its 16 MiB, and the new value there. Nothing
/// may come of it but an answer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Disks disks;
  constexpr std::size_t kRecord = 5;
  constexpr std::size_t kMostRecords = 64;
  std::vector<std::unique_ptr<Change>> changes;
  for (std::size_t at = 0; at + kRecord <= size && changes.size() < kMostRecords; at += kRecord) {
    const std::uint32_t place =
        data[at + 1] | std::uint32_t{data[at + 2]} << 8U | std::uint32_t{data[at + 3]} << 16U;
    changes.push_back(std::make_unique<Change>(disks.path(data[at] % 3U), place,
                                               static_cast<char>(data[at + 4])));
  }
  ask(disks, DiskTask::kList, "");
  ask(disks, DiskTask::kList, "workspace");
  ask(disks, DiskTask::kRead, "workspace/file");
  ask(disks, DiskTask::kRead, "link/hosts");
  // The last change of a byte is undone first.
  while (!changes.empty()) changes.pop_back();
  return 0;
}
