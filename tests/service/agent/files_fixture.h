#pragma once

#include <gmock/gmock.h>

#include <map>

#include "common/api/agent_files.h"
#include "common/tree/stream.h"
#include "tests/service/agent/agent_fixture.h"
#include "tests/support/errors.h"

namespace pyro::agent {

/// What came in a tree stream.
class ReceivedTree : public tree::Sink {
 public:
  void entry(const tree::Entry& entry) override {
    paths.push_back(entry.path);
    entries[entry.path] = entry;
  }
  void data(std::string_view bytes) override { content[paths.back()].append(bytes); }
  void end_file() override { content[paths.back()]; }

  std::vector<std::string> paths;
  std::map<std::string, tree::Entry> entries;
  std::map<std::string, std::string> content;
};

/// One entry to stage.
struct Item {
  std::string path;
  tree::EntryKind kind = tree::EntryKind::kFile;
  std::string content{};  ///< of a file; the target of a link
  std::uint32_t mode = 0644;
};

inline Item file(std::string path, std::string content, std::uint32_t mode = 0644) {
  return {std::move(path), tree::EntryKind::kFile, std::move(content), mode};
}
inline Item directory(std::string path, std::uint32_t mode = 0755) {
  return {std::move(path), tree::EntryKind::kDirectory, "", mode};
}
inline Item symlink(std::string path, std::string target) {
  return {std::move(path), tree::EntryKind::kSymlink, std::move(target), 0777};
}

inline std::string stream_of(const std::vector<Item>& items) {
  std::string bytes;
  tree::Encoder encoder([&bytes](std::string_view record) { bytes.append(record); });
  for (const auto& item : items) {
    tree::Entry entry{.path = item.path, .kind = item.kind, .mode = item.mode};
    entry.mtime_ns = 1'500'000'000'000'000'000;
    if (item.kind == tree::EntryKind::kSymlink) entry.link_target = item.content;
    encoder.entry(entry);
    if (item.kind != tree::EntryKind::kFile) continue;
    encoder.data(item.content);
    encoder.end_file();
  }
  encoder.done();
  return bytes;
}

/// The agent with a workspace, and connections to its files port.
class FilesTest : public AgentTest {
 protected:
  std::filesystem::path tree() const { return workspace_path() / "tree"; }
  std::filesystem::path own() const { return workspace_path() / ".pyro"; }

  /// Connects to the files port of a workspace that is mounted.
  link::AgentConnection files() {
    auto connection = dial(wire::kFilesPort);
    ask(connection, wire::MountVolume{});
    return connection;
  }

  template <class Op>
  typename Op::Reply ask(link::AgentConnection& connection, const Op& request) {
    return connection.call(request, {in(std::chrono::seconds(30))});
  }

  template <class Op>
  std::optional<Error> refusal(link::AgentConnection& connection, const Op& request) {
    return testing::error_of([&] { ask(connection, request); });
  }

  template <class Op>
  ReceivedTree receive(link::AgentConnection& connection, const Op& request) {
    ReceivedTree received;
    tree::Decoder decoder(received);
    connection.follow(request,
                      [&decoder](const link::OutputPiece& piece) { decoder.feed(piece.data); },
                      {in(std::chrono::seconds(60))});
    EXPECT_TRUE(decoder.done());
    return received;
  }

  void stage(link::AgentConnection& connection, const std::string& destination,
             const std::vector<Item>& items) {
    ask(connection, wire::BeginChange{.destination = destination});
    ask(connection, wire::StageTree{.stream = {stream_of(items)}});
  }

  std::optional<Error> change(const std::string& destination, const std::vector<Item>& items,
                              const wire::CommitChange& commit = {}) {
    auto connection = files();
    stage(connection, destination, items);
    return refusal(connection, commit);
  }

  /// The whole tree as `path=content`, links as `path->target`, directories as `path/`.
  std::vector<std::string> found() const {
    namespace fs = std::filesystem;
    std::vector<std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(tree())) {
      const std::string path = fs::relative(entry.path().parent_path(), tree()) == "."
                                   ? entry.path().filename().string()
                                   : entry.path().string().substr(tree().string().size() + 1);
      if (entry.is_symlink()) {
        all.push_back(path + "->" + fs::read_symlink(entry.path()).string());
      } else if (entry.is_directory()) {
        all.push_back(path + "/");
      } else {
        all.push_back(path + "=" + read_file(entry.path()));
      }
    }
    std::sort(all.begin(), all.end());
    return all;
  }

  void put(const std::string& path, std::string_view content) const {
    std::filesystem::create_directories((tree() / path).parent_path());
    std::ofstream(tree() / path, std::ios::binary) << content;
  }

  static struct stat look(const std::filesystem::path& path) {
    struct stat info {};
    EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
    return info;
  }

  wire::Expectation as_it_is(const std::string& path) const {
    const struct stat info = look(tree() / path);
    return {.path = path,
            .inode = info.st_ino,
            .ctime_ns = info.st_ctim.tv_sec * 1'000'000'000 + info.st_ctim.tv_nsec};
  }
};

}  // namespace pyro::agent
