#include "common/registry/ballast.h"

#include <fcntl.h>

#include <utility>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/log/log.h"

namespace pyro {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBytes = 8U << 20U;
/// A disk with less left than this many times its size has better uses for it.
constexpr std::uint64_t kRoom = 8;

}  // namespace

Ballast::Ballast(fs::path file) : file_(std::move(file)) { keep(); }

void Ballast::keep() {
  if (there_) return;
  std::error_code failed;
  if (fs::file_size(file_, failed) >= kBytes && !failed) {
    there_ = true;
    return;
  }
  const auto space = fs::space(file_.parent_path(), failed);
  if (failed || space.available < kRoom * kBytes) return;
  try {
    const UniqueFd fd = open_file(file_, O_WRONLY | O_CREAT, 0600);
    there_ = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(kBytes)) == 0;
  } catch (const Error& error) {
    log::warn("no ballast for a full disk: {}", error.message());
  }
  if (!there_) fs::remove(file_, failed);
}

bool Ballast::give_up() {
  there_ = false;
  std::error_code failed;
  if (!fs::remove(file_, failed)) return false;
  log::warn("the disk is full: '{}' is given up for what frees space", file_.string());
  return true;
}

}  // namespace pyro
