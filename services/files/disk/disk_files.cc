#include "services/files/disk/disk_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "common/api/message_type.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/files.h"
#include "common/base/reasons/machine.h"
#include "common/base/text.h"
#include "common/disk/free_space.h"
#include "common/fault/fault.h"
#include "common/tree/path.h"
#include "services/files/file_replies.h"
#include "services/files/host_output.h"
#include "services/files/work_check.h"

namespace pyro::files {
namespace {

constexpr std::size_t kDetailColumns = 200;
constexpr std::string_view kWorkspace = "workspace";

/// The clean path from the guest's root on for a caller's path.
std::string disk_path(std::string_view given) {
  if (given.empty()) throw invalid_argument("workspace disk path must not be empty");
  std::string path(given.starts_with('/') ? std::string_view() : kWorkspace);
  for (const std::string& part : split(given, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") throw invalid_argument("workspace disk path must not contain '..'");
    path = tree::join(path, part);
  }
  if (!path.empty() && !tree::is_clean_path(path)) {
    throw invalid_argument("workspace disk path holds a name that no file can have");
  }
  return path;
}

/// The answer, or the refusal that it is.
DiskAnswer done(DiskReader& reader, const DiskQuestion& question, const Work& work) {
  DiskAnswer answer = reader.ask(question, work);
  const std::string shown = printable("/" + question.path.data);
  switch (answer.outcome) {
    case DiskOutcome::kDone:
      break;
    case DiskOutcome::kMissing:
      throw not_found(reason::kPathMissing, "workspace disk path does not exist: {}", shown);
    case DiskOutcome::kNoFile:
      throw failed_precondition(reason::kWrongFileType,
                                "workspace disk read only supports regular files");
    case DiskOutcome::kTooMany:
      throw resource_exhausted(reason::kTooLarge,
                               "{} holds more than {} entries: list a directory below it", shown,
                               kListEntries);
    case DiskOutcome::kNoEnvironment:
      throw failed_precondition(
          reason::kNoDisk,
          "the image of the workspace's environment is gone: only /workspace can be read, until "
          "`pyro env pull` installs it again");
    case DiskOutcome::kDamaged:
      throw failed_precondition(
          reason::kDiskDamaged,
          "{} cannot be read from the workspace's disks, which are damaged: {}; the rest of them "
          "may be readable, and `workspace disk export` copies the whole disk of /workspace",
          shown, one_line(answer.detail, kDetailColumns));
  }
  return answer;
}

/// Bytes of a file that are no hole.
std::uint64_t bytes_of_data(int file) {
  std::uint64_t bytes = 0;
  off_t at = 0;
  while (true) {
    const off_t data = ::lseek(file, at, SEEK_DATA);
    if (data < 0) return bytes;
    at = ::lseek(file, data, SEEK_HOLE);
    if (at < 0) return bytes;
    bytes += static_cast<std::uint64_t>(at - data);
  }
}

std::uint64_t bytes_on_disk(const std::filesystem::path& file) {
  constexpr std::uint64_t kStatBlock = 512;
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return 0;
  return static_cast<std::uint64_t>(info.st_blocks) * kStatBlock;
}

}  // namespace

api::FileList list_disk(DiskReader& reader, const api::OnDisks<api::ListDisk>& request,
                        const Work& work) {
  DiskQuestion question{
      .disks = request.disks, .task = DiskTask::kList, .recursive = request.request.recursive};
  question.path.data = disk_path(request.request.path);
  DiskAnswer answer = done(reader, question, work);
  return list_reply("/" + question.path.data, std::move(answer.entries), request.request.offset);
}

api::FileContent read_disk(DiskReader& reader, const api::OnDisks<api::ReadDisk>& request,
                           const Work& work, std::shared_ptr<const Redactor> redactor) {
  api::ReadFile page;
  api::assign_fields(page, request.request);
  const PageWindow window(page, std::move(redactor));
  DiskQuestion question{.disks = request.disks,
                        .task = DiskTask::kRead,
                        .offset = window.offset(),
                        .max_bytes = window.max_bytes()};
  question.path.data = disk_path(page.path);
  const DiskAnswer answer = done(reader, question, work);
  return window.reply("/" + question.path.data, answer.entries.front().size, answer.content);
}

api::DiskExported export_disk(const PendingExports& exports, const ExportLimits& limits,
                              const api::OnDisks<api::ExportDisk>& request, const Work& work) {
  fault::point("files.disk_export.begun");
  const std::filesystem::path disk = request.disks.workspace;
  const UniqueFd source = open_file(disk, O_RDONLY | O_NOFOLLOW);
  struct stat info {};
  if (::fstat(source.get(), &info) != 0) throw system_error("stat the disk");
  const std::uint64_t total = bytes_of_data(source.get());
  HostOutput output({.path = request.request.output_path,
                     .by_model = request.request.by_model,
                     .guarded_below = request.request.guarded_below},
                    limits);
  // All of it is known: beyond the budget nothing is copied at all.
  output.require_room(total);
  output.open_parent();
  const PendingExports::Export pending(exports, output.path().parent_path(), output.parent());
  const std::filesystem::path copy = output.beside(pending.name());
  copy_sparse(disk, copy, [&] {
    check(work);
    const std::uint64_t copied = std::min(bytes_on_disk(copy), total);
    output.require_room(total);
    work.report("export_disk", fmt::format("{} of {}", human_size(copied), human_size(total)),
                copied, total);
  });
  sync_path(copy);
  fault::point("files.disk_export.written");
  output.take(pending.name());
  fault::point("files.disk_export.in_place");
  api::DiskExported exported{.output_path = output.path().string()};
  exported.size_bytes = static_cast<std::uint64_t>(info.st_size);
  exported.bytes_written = total;
  return exported;
}

}  // namespace pyro::files
