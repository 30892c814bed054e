#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/process/child_process.h"
#include "services/files/volume/blank_volume.h"
#include "services/files/volume/volume_reader.h"
#include "services/files/volume/volume_writer.h"
#include "tests/support/errors.h"
#include "tests/support/temporary.h"

namespace pyro::volume {

inline constexpr std::int64_t kSecond = 1'000'000'000;
inline constexpr std::int64_t kCtime = 1'700'000'000 * kSecond + 123'456'789;

/// An entry with its content.
struct Item {
  tree::Entry entry{};
  std::string content{};
  bool operator==(const Item&) const = default;
};

inline void PrintTo(const Item& item, std::ostream* out) {
  *out << ::testing::PrintToString(item.entry.path) << " kind " << static_cast<int>(item.entry.kind)
       << " mode " << item.entry.mode << " mtime " << item.entry.mtime_ns << " size "
       << item.entry.size << " target " << item.entry.link_target;
}

inline Item directory(std::string path, std::uint32_t mode = 0755, std::int64_t mtime_ns = 0) {
  return {{std::move(path), tree::EntryKind::kDirectory, mode, mtime_ns}};
}
inline Item regular(std::string path, std::string content, std::uint32_t mode = 0644,
                    std::int64_t mtime_ns = 0) {
  const std::uint64_t size = content.size();
  return {{std::move(path), tree::EntryKind::kFile, mode, mtime_ns, size}, std::move(content)};
}
inline Item symlink(std::string path, std::string target, std::int64_t mtime_ns = 0) {
  return {{std::move(path), tree::EntryKind::kSymlink, 0777, mtime_ns, 0, std::move(target)}};
}

/// Keeps a tree as it comes; inodes are forgotten, ctimes kept apart.
class Recorder : public tree::Sink {
 public:
  void entry(const tree::Entry& entry) override {
    items.push_back({entry});
    ctimes.push_back(std::exchange(items.back().entry.ctime_ns, 0));
    items.back().entry.inode = 0;
  }
  void data(std::string_view bytes) override { items.back().content += bytes; }
  void end_file() override { ++ended; }

  std::vector<Item> items;
  std::vector<std::int64_t> ctimes;
  std::size_t ended = 0;
};

inline void give(tree::Sink& sink, const Item& item) {
  sink.entry(item.entry);
  if (item.entry.kind != tree::EntryKind::kFile) return;
  sink.data(item.content);
  sink.end_file();
}

/// In the order of a walk: names by their bytes, each directory before what is in it.
inline std::vector<Item> in_walking_order(const std::vector<Item>& items) {
  std::map<std::string, const Item*> sorted;
  for (const Item& item : items) {
    std::string path = item.entry.path;
    std::ranges::replace(path, '/', '\0');
    sorted.emplace(std::move(path), &item);
  }
  std::vector<Item> out;
  for (const auto& [path, item] : sorted) out.push_back(*item);
  return out;
}

class Volume : public ::testing::Test {
 protected:
  Volume() { make_blank_volume(directory_ / "cache", file()); }

  std::filesystem::path file() const { return directory_ / "volume"; }

  tree::Totals write(const std::vector<Item>& items) const {
    VolumeWriter writer(file(), kCtime);
    for (const Item& item : items) give(writer, item);
    return writer.finish();
  }

  static CommandResult run(std::vector<std::string> words) {
    return run_command({.argv = std::move(words)}, Clock::now() + std::chrono::minutes(1), {});
  }

  /// The first lines of what it answers.
  std::string debugfs(const std::string& request) const {
    return run({"sh", "-c", "debugfs -R \"$1\" \"$2\" | head -n 40", "sh", request,
                file().string()})
        .output;
  }

  /// e2fsck names its five passes, sums up, and says nothing else.
  void expect_sound() const {
    const CommandResult checked = run({"e2fsck", "-fn", file().string()});
    EXPECT_EQ(checked.status.code, 0) << checked.output;
    EXPECT_EQ(std::ranges::count(checked.output, '\n'), 6) << checked.output;
  }

  /// Sound, and a walk finds what was written and nothing else; the top is `items`' first.
  void expect_holds(const std::vector<Item>& items) const {
    expect_sound();
    Recorder read;
    VolumeReader(file()).walk(read);
    const std::vector<Item> expected = in_walking_order(items);
    ASSERT_EQ(read.items.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      // Not EXPECT_EQ: contents of megabytes are no message.
      EXPECT_TRUE(read.items[i] == expected[i])
          << ::testing::PrintToString(read.items[i]) << " instead of "
          << ::testing::PrintToString(expected[i]);
    }
    EXPECT_THAT(read.ctimes, ::testing::Each(kCtime));
  }

  void expect_round_trip(std::vector<Item> items) const {
    items.insert(items.begin(), directory("", 0755, 0));
    write(items);
    expect_holds(items);
  }

  pyro::testing::TestDirectory directory_;
};

}  // namespace pyro::volume
