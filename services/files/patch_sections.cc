#include "services/files/patch_sections.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"

namespace pyro::files {
namespace {

/// An unchanging file as memory.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path) {
    const UniqueFd file = open_file(path, O_RDONLY);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) throw system_error("fstat");
    size_ = static_cast<std::size_t>(status.st_size);
    if (size_ == 0) return;
    data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (data_ == MAP_FAILED) throw system_error("mmap");
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile() {
    if (size_ > 0) ::munmap(data_, size_);
  }
  std::string_view text() const { return {static_cast<const char*>(data_), size_}; }

 private:
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

/// No line of a section's content begins so: those of text have a sign before them, and those of
/// binary content hold no space.
constexpr std::string_view kHeader = "diff --git ";

}  // namespace

void for_each_section(
    const std::filesystem::path& patch,
    const std::function<void(std::string_view header, std::string_view section)>& take) {
  const MappedFile file(patch);
  std::string_view left = file.text();
  while (!left.empty()) {
    if (!left.starts_with(kHeader)) throw internal_error("git made a patch of an unknown form");
    const std::size_t next = left.find("\ndiff --git ");
    const std::string_view section = left.substr(0, next == left.npos ? next : next + 1);
    take(section.substr(0, section.find('\n')), section);
    left.remove_prefix(section.size());
  }
}

std::string as_link_section(std::string_view section) {
  constexpr std::string_view kFileMode = " 100644\n";
  std::string changed;
  bool in_head = true;
  while (!section.empty()) {
    const std::size_t end = section.find('\n');
    const std::string_view line = section.substr(0, end == section.npos ? end : end + 1);
    section.remove_prefix(line.size());
    in_head = in_head && line != "GIT binary patch\n";
    if (in_head && line.ends_with(kFileMode) && !line.starts_with(kHeader)) {
      changed += line.substr(0, line.size() - kFileMode.size());
      changed += " 120000\n";
    } else {
      changed += line;
    }
  }
  return changed;
}

}  // namespace pyro::files
