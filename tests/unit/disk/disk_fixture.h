#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "common/base/files.h"
#include "common/process/child_process.h"
#include "services/files/disk/answer.h"
#include "tests/support/temporary.h"

namespace pyro::files {

/// The disks of a small guest, made with the tools of e2fsprogs.
class Disks : public ::testing::Test {
 protected:
  Disks() {
    const auto root = directory_ / "root";
    put(root / "etc/hosts", "127.0.0.1 localhost\n");
    put(root / "etc/removed", "old");
    put(root / "etc/changed", "old");
    put(root / "usr/bin/tool", "#!/bin/sh\n");
    put(root / "opt/replaced/old", "old");
    put(root / "run/pyro-old", "x");
    std::filesystem::create_symlink("usr/bin", root / "bin");
    std::filesystem::create_directories(root / "workspace");
    make(disks_.environment, root);
    const auto system = directory_ / "system";
    put(system / "upper/etc/changed", "new");
    put(system / "upper/etc/added", "new");
    put(system / "upper/opt/replaced/new", "new");
    put(system / "upper/run/pyro-secrets/token", "x");
    put(system / "upper/run/kept", "x");
    std::filesystem::create_directory_symlink("/etc", system / "upper/configuration");
    std::filesystem::create_symlink("round", system / "upper/round");
    std::filesystem::create_directories(system / "jobs");
    make(disks_.system, system);
    edit(disks_.system, {"cd /upper/etc", "mknod removed c 0 0",
                         "ea_set /upper/opt/replaced trusted.overlay.opaque y"});
    const auto workspace = directory_ / "work";
    put(workspace / "tree/README.md", "# Project\n");
    put(workspace / "tree/src/main.c", std::string(10'000, 'm'));
    std::filesystem::create_symlink("/etc/hosts", workspace / "tree/hosts");
    std::filesystem::create_symlink("../bin", workspace / "tree/tools");
    put(workspace / ".pyro/own", "x");
    make(disks_.workspace, workspace);
  }

  static void put(const std::filesystem::path& file, const std::string& content) {
    std::filesystem::create_directories(file.parent_path());
    write_file_atomically(file, content);
  }

  static std::string run(std::vector<std::string> words) {
    const auto result =
        run_command({.argv = std::move(words)}, Clock::now() + std::chrono::minutes(1), {});
    return result.output + result.error_output;
  }

  void make(std::string& disk, const std::filesystem::path& content,
            const std::string& features = "metadata_csum,64bit") {
    disk = (directory_ / (content.filename().string() + ".ext4")).string();
    run({"mke2fs", "-q", "-t", "ext4", "-b", "4096", "-I", "256", "-O", features, "-J", "size=4",
         "-d", content.string(), disk, "32M"});
  }

  /// By debugfs, a request a line.
  void edit(const std::string& disk, const std::vector<std::string>& requests) {
    std::string script;
    for (const auto& request : requests) script += request + "\n";
    const auto file = directory_ / "requests";
    write_file_atomically(file, script);
    run({"debugfs", "-w", "-f", file.string(), disk});
  }

  DiskAnswer list(const std::string& path, bool recursive = false) const {
    DiskQuestion question{.disks = disks_, .task = DiskTask::kList, .recursive = recursive};
    question.path.data = path;
    return answer(question);
  }
  DiskAnswer read(const std::string& path, std::uint64_t offset = 0,
                  std::uint64_t max_bytes = 1U << 20U) const {
    DiskQuestion question{
        .disks = disks_, .task = DiskTask::kRead, .offset = offset, .max_bytes = max_bytes};
    question.path.data = path;
    return answer(question);
  }
  std::vector<std::string> names(const std::string& path, bool recursive = false) const {
    const auto found = list(path, recursive);
    EXPECT_EQ(found.outcome, DiskOutcome::kDone) << path << ": " << found.detail;
    std::vector<std::string> names;
    for (const auto& entry : found.entries) {
      if (!entry.path.empty()) names.push_back(entry.path);
    }
    return names;
  }
  std::string content(const std::string& path) const {
    const auto found = read(path);
    EXPECT_EQ(found.outcome, DiskOutcome::kDone) << path << ": " << found.detail;
    return found.content;
  }

  pyro::testing::TestDirectory directory_;
  api::DiskPaths disks_;
};

}  // namespace pyro::files
