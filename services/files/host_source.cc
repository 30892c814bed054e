#include "services/files/host_source.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "common/base/reasons/files.h"
#include "common/base/text.h"
#include "common/tree/walk.h"
#include "services/files/archive.h"
#include "services/files/reporting_sink.h"
#include "services/files/work_check.h"

namespace pyro::files {

HostSource::HostSource(std::string_view name, std::string path, Links links)
    // O_NONBLOCK: a FIFO would wait for a writer.
    : path_(std::move(path)), opened_(open_host_path(path_, O_RDONLY | O_NONBLOCK, links)) {
  constexpr int kIsASocket = ENXIO;
  if (!opened_ && (errno == ENOENT || errno == ENOTDIR)) {
    throw not_found(reason::kHostPathMissing, "{} {} does not exist", name, printable(path_));
  }
  if (!opened_ && errno != kIsASocket) {
    throw system_error(fmt::format("{} '{}'", name, printable(path_)));
  }
  struct stat status {};
  if (opened_ && ::fstat(opened_.get(), &status) != 0) throw system_error("fstat");
  if (S_ISDIR(status.st_mode)) {
    mode_ = api::SeedMode::kDirectory;
  } else if (S_ISREG(status.st_mode) && is_archive_name(path_)) {
    mode_ = api::SeedMode::kTarArchive;
  } else {
    throw invalid_argument("{} must be a directory or a .tar/.tar.gz/.tgz archive", name);
  }
}

std::string HostSource::resolved_path() const {
  std::error_code none;
  const auto path =
      std::filesystem::read_symlink(fmt::format("/proc/self/fd/{}", opened_.get()), none);
  return none ? path_ : path.string();
}

tree::Totals HostSource::give(tree::Sink& sink, const Work& work, std::uint64_t limit_bytes) const {
  ReportingSink reporting(sink, work);
  const auto check_work = [&work] { check(work); };
  if (mode_ == api::SeedMode::kTarArchive) {
    return read_archive(opened_.get(), path_, check_work, reporting, limit_bytes);
  }
  return tree::walk(opened_.get(), "", {.check = check_work}, reporting);
}

}  // namespace pyro::files
