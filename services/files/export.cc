#include "services/files/export.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <mutex>
#include <optional>

#include "common/base/files.h"
#include "common/base/reasons/files.h"
#include "common/base/text.h"
#include "common/disk/free_space.h"
#include "common/fault/fault.h"
#include "common/tree/beneath.h"
#include "common/tree/path.h"
#include "common/tree/write.h"
#include "services/files/artifact.h"
#include "services/files/git_directory_name.h"
#include "services/files/guarded_export.h"
#include "services/files/host_output.h"
#include "services/files/known_content.h"
#include "services/files/work_check.h"
#include "services/files/workspace_path.h"

namespace pyro::files {
namespace {

namespace fs = std::filesystem;

/// Writes beside the output; nothing of the host is touched before the first entry came.
class ExportSink : public tree::Sink {
 public:
  /// `path` is what is exported.
  ExportSink(std::string path, HostOutput& output, const PendingExports& exports, const Work& work)
      : path_(std::move(path)), output_(output), exports_(exports), work_(work) {}

  void entry(const tree::Entry& entry) override {
    check(work_);
    if (!writer_) begin(entry);
    keep_disk_free(kBytesOfEntry);
    writer_->entry(entry);
  }
  void data(std::string_view bytes) override {
    check(work_);
    keep_disk_free(bytes.size());
    writer_->data(bytes);
  }
  void hole(std::uint64_t bytes) override {
    check(work_);
    writer_->hole(bytes);
  }
  void end_file() override { writer_->end_file(); }

  const tree::Writer& finish() {
    if (!writer_) throw internal_error("the guest's agent sent a wrong answer: an empty tree");
    writer_->finish();
    fault::point("files.export.written");
    output_.take(pending_->name());
    fault::point("files.export.in_place");
    return *writer_;
  }

 private:
  void begin(const tree::Entry& first) {
    if (first.kind == tree::EntryKind::kOther || first.kind == tree::EntryKind::kAbsent) {
      throw failed_precondition(reason::kWrongFileType,
                                "only files, directories and symlinks can be exported");
    }
    if (first.kind == tree::EntryKind::kSymlink && tree::leads_out(first.path, first.link_target)) {
      throw tree::escapes(tree::join(path_, first.path));
    }
    output_.open_parent();
    output_.require_room(0);
    pending_.emplace(exports_, output_.path().parent_path(), output_.parent());
    writer_.emplace(output_.parent(), pending_->name(), tree::Trust::kHost,
                    tree::WriterLimits{.entries = kExportEntries, .bytes = kExportBytes});
  }

  void keep_disk_free(std::size_t bytes) {
    bytes_ += bytes;
    if (bytes_ < next_look_) return;
    next_look_ = bytes_ + kInterval;
    output_.require_room(bytes_);
  }

  /// Once this much more may be on the disk, that is asked again.
  static constexpr std::uint64_t kInterval = 16U << 20U;
  /// As long as it may take on a disk without content.
  static constexpr std::size_t kBytesOfEntry = 4096;

  std::string path_;
  HostOutput& output_;
  const PendingExports& exports_;
  std::uint64_t bytes_ = 0;
  std::uint64_t next_look_ = kInterval;
  const Work& work_;
  std::optional<PendingExports::Export> pending_;
  std::optional<tree::Writer> writer_;
};

}  // namespace

api::Exported export_path(GuestTree& guest, const PendingExports& exports,
                          const ExportLimits& limits,
                          const api::OnMachine<api::ExportPath>& request, const Work& work) {
  fault::point("files.export.begun");
  const std::string path = workspace_path(request.request.path);
  const bool by_model = request.request.by_model;
  if (by_model && has_git_directory_name(path)) throw in_git_directory("path", path);
  HostOutput output({.path = request.request.output_path,
                     .by_model = by_model,
                     .guarded_below = request.request.guarded_below},
                    limits);
  ExportSink sink(path, output, exports, work);
  GuardedExport guarded(sink, !request.request.guarded_below.empty());
  tree::Sink& taken = by_model ? static_cast<tree::Sink&>(guarded) : sink;
  KnownContent whole(request.baseline, taken, work);
  guest.stream(
      api::agent::SendTree{.path = path, .holes = true, .known_ctime_ns = whole.ctime_ns()}, whole);
  whole.finish();
  const tree::Writer& written = sink.finish();
  api::Exported exported{.workspace_path = to_valid_utf8(absolute_workspace_path(path)),
                         .output_path = output.path().string(),
                         .artifact_type = artifact_type(written.top_kind()),
                         .skipped_count = written.totals().skipped + guarded.left_out(),
                         .withheld = guarded.withheld(),
                         .executable_bits_dropped = guarded.executable_bits_dropped(),
                         .execution_mode = request.execution_mode};
  exported.entry_count = written.totals().entries;
  exported.bytes_written = written.totals().bytes;
  return exported;
}

}  // namespace pyro::files
