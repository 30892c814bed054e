#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/tree/beneath.h"
#include "common/tree/path.h"
#include "common/tree/write.h"

namespace pyro::tree {
namespace {

/// Opens a directory to empty it, whichever mode it has; none when it is gone.
UniqueFd open_for_removal(int parent, const std::string& name) {
  UniqueFd handle = open_beneath(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  struct stat info {};
  if (handle && ::fstat(handle.get(), &info) == 0 && (info.st_mode & 0700U) != 0700U) {
    // fchmod takes no O_PATH descriptor, and without the mode there is no other. Where it fails,
    // what needs it says so.
    ::chmod(fmt::format("/proc/self/fd/{}", handle.get()).c_str(), 0700);
  }
  UniqueFd directory = open_beneath(parent, name, O_RDONLY | O_DIRECTORY);
  if (!directory && !is_gone(errno)) throw path_error("open", name);
  return directory;
}

/// Removes what is no directory. False: it is one.
bool unlinked(int parent, const std::string& name) {
  if (::unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return true;
  if (errno == EISDIR) return false;
  throw path_error("remove", name);
}

void remove_empty(int parent, const std::string& name) {
  if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return;
  throw path_error("remove", name);
}

/// Empties a directory without going down into it: each directory below is moved up to its side
/// before it is emptied itself, so that no depth needs a longer path or one more descriptor.
class Flattener {
 public:
  explicit Flattener(int top) : top_(top) {}

  void empty() {
    for (std::string& name : names_in(top_, "")) {
      if (!unlinked(top_, name)) waiting_.push_back(std::move(name));
    }
    while (!waiting_.empty()) {
      const std::string name = std::move(waiting_.back());
      waiting_.pop_back();
      if (const UniqueFd directory = open_for_removal(top_, name)) lift_out_of(directory.get());
      remove_empty(top_, name);
    }
  }

 private:
  void lift_out_of(int directory) {
    for (const std::string& name : names_in(directory, "")) {
      if (unlinked(directory, name)) continue;
      // Moving a directory changes its `..`, so it must be writable itself.
      if (open_for_removal(directory, name)) lift(directory, name);
    }
  }

  void lift(int directory, const std::string& name) {
    while (true) {
      std::string lifted = fmt::format("removed-{}", ++lifted_);
      if (::renameat2(directory, name.c_str(), top_, lifted.c_str(), RENAME_NOREPLACE) == 0) {
        waiting_.push_back(std::move(lifted));
        return;
      }
      if (errno == ENOENT) return;
      if (errno != EEXIST) throw path_error("move", name);
    }
  }

  const int top_;
  std::vector<std::string> waiting_;
  std::uint64_t lifted_ = 0;
};

}  // namespace

void remove_tree(int parent, const std::string& name) {
  if (name.empty() || !is_clean_path(name) || name != name_of(name)) {
    throw invalid_argument("'{}' is no name in a directory", printable(name));
  }
  if (unlinked(parent, name)) return;
  with_context(fmt::format("remove '{}'", printable(name)), [&] {
    if (const UniqueFd top = open_for_removal(parent, name)) Flattener(top.get()).empty();
    remove_empty(parent, name);
  });
}

}  // namespace pyro::tree
