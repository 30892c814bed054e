#include "services/vm/drivers/initramfs.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/digest/sha256.h"

namespace pyro::vm {
namespace {

namespace fs = std::filesystem;

/// Changes when the layout below does.
constexpr std::string_view kLayout = "1";

struct Member {
  std::string name;
  unsigned mode;  ///< type and permissions
  std::string content;
};

std::vector<Member> members_of(const fs::path& agent, const api::BootFiles& boot) {
  std::string order;
  std::vector<Member> members = {{"init", S_IFREG | 0755, read_file(agent)},
                                 {"modules", S_IFDIR | 0755, ""}};
  for (const auto& module : boot.modules) {
    members.push_back(
        {"modules/" + module, S_IFREG | 0644, read_file(fs::path(boot.modules_dir) / module)});
    order += module + "\n";
  }
  members.push_back({"modules/order", S_IFREG | 0644, order});
  return members;
}

std::string key_of(const std::vector<Member>& members) {
  std::string all(kLayout);
  for (const auto& member : members) all += member.name + ":" + sha256_of_text(member.content);
  return sha256_of_text(all);
}

void write_archive(const fs::path& file, const std::vector<Member>& members) {
  const std::unique_ptr<archive, decltype(&archive_write_free)> out(archive_write_new(),
                                                                    &archive_write_free);
  const auto check = [&out](int status) {
    if (status != ARCHIVE_OK) {
      throw internal_error("write initramfs: {}", archive_error_string(out.get()));
    }
  };
  check(archive_write_set_format_cpio_newc(out.get()));
  check(archive_write_open_filename(out.get(), file.c_str()));
  for (const auto& member : members) {
    const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(),
                                                                              &archive_entry_free);
    archive_entry_set_pathname(entry.get(), member.name.c_str());
    archive_entry_set_mode(entry.get(), member.mode);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(member.content.size()));
    check(archive_write_header(out.get(), entry.get()));
    if (archive_write_data(out.get(), member.content.data(), member.content.size()) < 0) {
      check(ARCHIVE_FATAL);
    }
  }
  check(archive_write_close(out.get()));
}

fs::path make_initramfs(const fs::path& cache_dir, const fs::path& agent,
                        const api::BootFiles& boot) {
  const fs::path directory = cache_dir / "initramfs";
  make_private_directory(directory);
  const std::vector<Member> members = members_of(agent, boot);
  const fs::path file = directory / (key_of(members) + ".cpio");
  if (fs::exists(file)) return file;
  const TemporaryDirectory work(directory, "making");
  write_archive(work.path() / "cpio", members);
  sync_path(work.path() / "cpio");
  fs::rename(work.path() / "cpio", file);
  return file;
}

/// The sources of an initramfs, without reading them: a kernel's directory is named by its content.
std::string sources_of(const fs::path& cache_dir, const fs::path& agent,
                       const api::BootFiles& boot) {
  struct stat info {};
  if (::stat(agent.c_str(), &info) != 0) {
    throw system_error(fmt::format("stat '{}'", agent.string()));
  }
  return fmt::format("{}\n{}\n{}\n{}:{}:{}.{}", cache_dir.string(), agent.string(),
                     boot.modules_dir, info.st_ino, info.st_size, info.st_ctim.tv_sec,
                     info.st_ctim.tv_nsec);
}

}  // namespace

/// Every start asks: reading and hashing the sources takes longer than the resume of a standby
/// machine.
fs::path ensure_initramfs(const fs::path& cache_dir, const fs::path& agent,
                          const api::BootFiles& boot) {
  static std::mutex mutex;
  static std::map<std::string, fs::path> made;
  const std::string sources = sources_of(cache_dir, agent, boot);
  const std::lock_guard lock(mutex);
  fs::path& file = made[sources];
  if (file.empty() || !fs::exists(file)) file = make_initramfs(cache_dir, agent, boot);
  return file;
}

}  // namespace pyro::vm
