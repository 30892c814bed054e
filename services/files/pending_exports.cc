#include "services/files/pending_exports.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/random.h"
#include "common/log/log.h"
#include "common/tree/write.h"

namespace pyro::files {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = ".pyro-export-";

/// Removes what a record names, and then the record.
void remove_leftover(const fs::path& record) {
  const fs::path left(read_file(record, tree::kMaxPathBytes));
  const std::string name = left.filename().string();
  if (left.is_absolute() && name.starts_with(kPrefix) && fs::is_directory(left.parent_path())) {
    const UniqueFd parent = open_file(left.parent_path(), O_RDONLY | O_DIRECTORY);
    tree::remove_tree(parent.get(), name);
  }
  fs::remove(record);
}

}  // namespace

PendingExports::PendingExports(fs::path directory) : directory_(std::move(directory)) {
  make_private_directory(directory_);
}

void PendingExports::remove_leftovers() const {
  for (const auto& record : fs::directory_iterator(directory_)) {
    try {
      remove_leftover(record.path());
    } catch (const std::exception& error) {
      log::warn("what a killed export left is still there: {}", error.what());
    }
  }
}

PendingExports::Export::Export(const PendingExports& exports, const fs::path& parent, int opened)
    : parent_(opened), name_(std::string(kPrefix) + random_hex(8)) {
  record_ = exports.directory_ / name_.substr(1);
  write_file_atomically(record_, (parent / name_).string());
}

PendingExports::Export::~Export() {
  try {
    tree::remove_tree(parent_, name_);
    fs::remove(record_);
  } catch (const std::exception& error) {  // the next start tries again
    log::warn("an export's temporary files are still there: {}", error.what());
  }
}

}  // namespace pyro::files
