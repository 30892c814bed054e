#pragma once

#include <sys/socket.h>

#include <map>
#include <thread>

#include "common/link/message_frame.h"
#include "common/tree/path.h"
#include "services/files/guest_tree.h"
#include "services/files/volume/volume_reader.h"
#include "tests/unit/files/host_tree.h"

namespace pyro::testing {

/// A guest's tree in memory, with the inodes and ctimes that a file system would give: what a
/// directory of the host cannot be made to have. Answers tree.scan and tree.send_files.
class ModelGuest {
 public:
  /// Begins as the volume is.
  explicit ModelGuest(const volume::VolumeReader& baseline)
      : unchanged_ns_(baseline.unchanged_ctime_ns()) {
    take(baseline, "");
  }

  void write(const std::string& path, std::string content, std::uint32_t mode = 0644) {
    put(path, {.path = path, .kind = tree::EntryKind::kFile, .mode = mode, .size = content.size()});
    contents_[path] = std::move(content);
  }
  void link(const std::string& path, std::string target) {
    put(path, {.path = path,
               .kind = tree::EntryKind::kSymlink,
               .mode = 0777,
               .link_target = std::move(target)});
  }
  void make_directory(const std::string& path) {
    put(path, {.path = path, .kind = tree::EntryKind::kDirectory, .mode = 0755});
  }
  void chmod(const std::string& path, std::uint32_t mode) {
    nodes_.at(path).mode = mode;
    touch(path);
  }
  void remove(const std::string& path) {
    for (const auto& below : paths_from(path)) {
      nodes_.erase(below);
      contents_.erase(below);
    }
    touch(std::string(tree::parent_of(path)));
  }
  void rename(const std::string& from, const std::string& to) {
    touch(std::string(tree::parent_of(from)));
    for (const auto& path : paths_from(from)) {
      const std::string moved = to + path.substr(from.size());
      auto node = nodes_.extract(path);
      node.key() = node.mapped().path = moved;
      nodes_.insert(std::move(node));
      if (auto content = contents_.extract(path)) {
        content.key() = moved;
        contents_.insert(std::move(content));
      }
    }
    touch(to);
    touch(std::string(tree::parent_of(to)));
  }

  bool exists(const std::string& path) const { return nodes_.contains(path); }
  const std::map<std::string, tree::Entry>& nodes() const { return nodes_; }
  bool is_empty(const std::string& path) const { return paths_from(path).size() == 1; }

  /// What a diff knows of a path.
  files::DiffSide side(const std::string& path) const {
    const auto found = nodes_.find(path);
    if (found == nodes_.end()) return {};
    const tree::Entry& node = found->second;
    files::DiffSide side{.kind = node.kind, .mode = node.mode, .content = node.link_target};
    if (node.kind == tree::EntryKind::kFile) side.content = contents_.at(path);
    return side;
  }
  HostTree sides() const {
    HostTree all;
    for (const auto& [path, node] : nodes_) {
      if (!path.empty()) all[path] = side(path);
    }
    return all;
  }

  /// One connection; the model must not change while it is open.
  files::GuestTree connect() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      throw system_error("socketpair");
    }
    thread_ = std::jthread([this, fd = ends[1]] { serve(UniqueFd(fd)); });
    return {link::AgentConnection(UniqueFd(ends[0])), work_for(std::chrono::seconds(30))};
  }
  /// How many entries scans have told.
  std::size_t told() const { return told_; }
  /// How many files it has sent with their content.
  std::size_t sent() const { return sent_; }

 private:
  void take(const volume::VolumeReader& baseline, const std::string& directory) {
    nodes_[directory] = baseline.find(directory);
    for (const auto& entry : baseline.list(directory)) {
      if (entry.kind == tree::EntryKind::kDirectory) {
        take(baseline, entry.path);
        continue;
      }
      nodes_[entry.path] = entry;
      if (entry.kind != tree::EntryKind::kFile) continue;
      baseline.read(entry.path, [&](std::string_view bytes) { contents_[entry.path] += bytes; });
      contents_[entry.path];
    }
  }

  void put(const std::string& path, tree::Entry node) {
    const auto old = nodes_.find(path);
    const bool same = old != nodes_.end() && old->second.kind == node.kind;
    node.inode = same ? old->second.inode : ++last_inode_;
    nodes_[path] = std::move(node);
    touch(path);
    if (!same) touch(std::string(tree::parent_of(path)));
  }
  void touch(const std::string& path) { nodes_.at(path).ctime_ns = ++now_ns_ + unchanged_ns_; }

  /// The path and all below it.
  std::vector<std::string> paths_from(const std::string& path) const {
    std::vector<std::string> paths;
    for (const auto& [other, node] : nodes_) {
      if (other == path || other.starts_with(path + "/")) paths.push_back(other);
    }
    return paths;
  }

  void scan(const std::string& directory, bool all_names, const api::agent::ScanTree& request,
            tree::Sink& sink) {
    for (const auto& [path, node] : nodes_) {
      if (path.empty() || tree::parent_of(path) != directory || tree::name_of(path) == ".git") {
        continue;
      }
      const bool changed = request.all || node.ctime_ns != request.unchanged_ctime_ns;
      if (changed || all_names) give(node, sink);
      if (node.kind == tree::EntryKind::kDirectory) scan(path, changed, request, sink);
    }
  }
  void give(const tree::Entry& node, tree::Sink& sink) {
    ++told_;
    sink.entry(node);
  }

  void answer(const link::Frame& request, tree::Encoder& encoder) {
    if (request.method == api::agent::ScanTree::kMethod.name) {
      const auto wanted =
          api::from_msgpack<api::agent::ScanTree>(request.body.data, api::UnknownFields::kRefuse);
      const tree::Entry& top = nodes_.at(wanted.path);
      const bool changed = wanted.all || top.ctime_ns != wanted.unchanged_ctime_ns;
      if (changed) give(top, encoder);
      scan(wanted.path, changed, wanted, encoder);
    } else {
      const auto wanted =
          api::from_msgpack<api::agent::SendFiles>(request.body.data, api::UnknownFields::kRefuse);
      for (const auto& path : wanted.paths) {
        if (!contents_.contains(path)) {
          encoder.entry(nodes_.contains(path)
                            ? nodes_.at(path)
                            : tree::Entry{.path = path, .kind = tree::EntryKind::kAbsent});
          continue;
        }
        ++sent_;
        encoder.entry(nodes_.at(path));
        const std::string& content = contents_.at(path);
        for (std::size_t at = 0; at < content.size(); at += tree::kMaxDataBytes) {
          encoder.data(content.substr(at, tree::kMaxDataBytes));
        }
        encoder.end_file();
      }
    }
    encoder.done();
  }

  void serve(UniqueFd stream) {
    link::FrameDecoder decoder;
    std::string input(65536, '\0');
    while (true) {
      while (const auto request = decoder.next()) {
        std::string output;
        tree::Encoder encoder([&output](std::string_view record) { output += record; });
        answer(*request, encoder);
        link::Frame frame{.type = link::FrameType::kOutput, .method = {}, .stream = 1, .body = {}};
        frame.body.data = std::move(output);
        link::Frame result{.type = link::FrameType::kResult, .method = {}, .body = {}};
        result.body.data = api::to_msgpack(api::Nothing{});
        write_all(stream.get(), link::encode_frame(frame) + link::encode_frame(result));
      }
      const ssize_t got = ::recv(stream.get(), input.data(), input.size(), 0);
      if (got <= 0) return;
      decoder.feed({input.data(), static_cast<std::size_t>(got)});
    }
  }

  const std::int64_t unchanged_ns_;
  std::map<std::string, tree::Entry> nodes_;
  std::map<std::string, std::string> contents_;
  std::uint64_t last_inode_ = 1'000'000;
  std::int64_t now_ns_ = 0;
  std::size_t told_ = 0;
  std::size_t sent_ = 0;
  std::jthread thread_;
};

}  // namespace pyro::testing
