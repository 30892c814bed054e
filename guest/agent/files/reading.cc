#include "guest/agent/files/reading.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/reasons/files.h"
#include "common/tree/beneath.h"
#include "common/tree/walk.h"
#include "guest/agent/files/paths.h"

namespace pyro::agent::files {
namespace {

void walk_from(int tree, const std::string& path, const tree::WalkOptions& options,
               tree::Sink& sink) {
  const Found found = find_for_reading(tree, path);
  if (tree::look_at(found.directory.get(), found.name).kind == tree::EntryKind::kAbsent) {
    throw does_not_exist(path);
  }
  tree::walk(found.directory.get(), found.name, options, sink);
}

/// Passes one entry on as if it were at another path.
class Renamed : public tree::Sink {
 public:
  Renamed(tree::Sink& sink, const std::string& path) : sink_(sink), path_(path) {}

  void entry(const tree::Entry& entry) override {
    tree::Entry renamed = entry;
    renamed.path = path_;
    sink_.entry(renamed);
    given_ = true;
  }
  void data(std::string_view bytes) override { sink_.data(bytes); }
  void end_file() override { sink_.end_file(); }
  bool given() const { return given_; }

 private:
  tree::Sink& sink_;
  const std::string& path_;
  bool given_ = false;
};

void send_one(int tree, const std::string& path, tree::Sink& sink) {
  tree::Entry entry = tree::look_at(tree, checked(path));
  if (entry.kind == tree::EntryKind::kFile) {
    Renamed renamed(sink, path);
    tree::walk(tree, path, {.recursive = tree::Recursive::kNo}, renamed);
    if (renamed.given()) return;
    entry = {.path = path, .kind = tree::EntryKind::kAbsent};  // it went meanwhile
  }
  sink.entry(entry);
}

}  // namespace

api::agent::FilePart read_part(int tree, const api::agent::ReadPart& request) {
  const auto refuse = [] {
    return failed_precondition(reason::kWrongFileType,
                               "workspace file read only supports regular files");
  };
  // O_NONBLOCK: it may be a FIFO.
  const UniqueFd file = open_for_reading(tree, checked(request.path), O_RDONLY | O_NONBLOCK);
  if (!file) throw refuse();
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) throw tree::path_error("stat", request.path);
  if (!S_ISREG(info.st_mode)) throw refuse();
  api::agent::FilePart part;
  part.size_bytes = static_cast<std::uint64_t>(info.st_size);
  if (request.offset >= part.size_bytes) return part;
  std::string& content = part.content.data;
  content.resize(std::min(request.max_bytes, part.size_bytes - request.offset));
  std::size_t got = 0;
  while (got < content.size()) {
    const ssize_t n = ::pread(file.get(), content.data() + got, content.size() - got,
                              static_cast<off_t>(request.offset + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw tree::path_error("read", request.path);
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  content.resize(got);
  return part;
}

void list_tree(int tree, const api::agent::ListTree& request, tree::Sink& sink) {
  const auto recursive = request.recursive ? tree::Recursive::kYes : tree::Recursive::kNo;
  walk_from(tree, request.path, {.content = tree::Content::kWithout, .recursive = recursive}, sink);
}

void send_tree(int tree, const api::agent::SendTree& request, tree::Sink& sink) {
  const auto holes = request.holes ? tree::Holes::kAsHoles : tree::Holes::kAsZeros;
  walk_from(tree, request.path, {.holes = holes, .known_ctime_ns = request.known_ctime_ns}, sink);
}

void send_files(int tree, const api::agent::SendFiles& request, tree::Sink& sink) {
  for (const auto& path : request.paths) send_one(tree, path, sink);
}

}  // namespace pyro::agent::files
