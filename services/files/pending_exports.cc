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

/// As an export names its record: the temporary name without its dot.
bool is_record(const fs::path& file) {
  const std::string name = "." + file.filename().string();
  return name.starts_with(kPrefix) && fs::is_regular_file(fs::symlink_status(file));
}

/// What a killed writer of a record left: the export had not begun.
bool is_unwritten(const fs::path& record) {
  return record.extension().string().starts_with(".tmp-");
}

/// Removes what a record names, and then the record. It names a directory by its own random name;
/// any other file is left alone.
void remove_leftover(const fs::path& record) {
  if (!is_record(record)) return;
  if (is_unwritten(record)) {
    fs::remove(record);
    return;
  }
  const fs::path left(read_file(record, tree::kMaxPathBytes));
  const std::string name = left.filename().string();
  if (!left.is_absolute() || name != "." + record.filename().string()) return;
  if (fs::is_directory(left.parent_path())) {
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
