#include "services/files/export.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <optional>

#include "common/base/files.h"
#include "common/base/text.h"
#include "common/fault/fault.h"
#include "common/tree/write.h"
#include "services/files/artifact.h"
#include "services/files/work_check.h"
#include "services/files/workspace_path.h"

namespace pyro::files {
namespace {

namespace fs = std::filesystem;

Error output_exists(const std::string& output_path) {
  return already_exists("output_path already exists: {}", printable(output_path));
}

/// Where an export goes on the host.
class Output {
 public:
  explicit Output(const std::string& given) : given_(given) {
    path_ = fs::path(given).lexically_normal();
    if (!path_.has_filename()) path_ = path_.parent_path();
    if (!path_.is_absolute()) throw invalid_argument("output_path must be an absolute path");
    struct stat status {};
    if (::lstat(path_.c_str(), &status) == 0) throw output_exists(given_);
  }

  /// Makes what is missing of the directories above it.
  void open_parent() {
    std::error_code failed;
    fs::create_directories(path_.parent_path(), failed);
    if (failed) {
      throw system_error(fmt::format("make directory '{}'", path_.parent_path().string()),
                         failed.value());
    }
    parent_ = open_file(path_.parent_path(), O_RDONLY | O_DIRECTORY);
  }

  const fs::path& path() const { return path_; }
  int parent() const { return parent_.get(); }

  void take(const std::string& temporary) {
    if (::renameat2(parent(), temporary.c_str(), parent(), path_.filename().c_str(),
                    RENAME_NOREPLACE) != 0) {
      if (errno == EEXIST) throw output_exists(given_);
      throw system_error(fmt::format("rename to '{}'", path_.string()));
    }
  }

 private:
  const std::string& given_;
  fs::path path_;
  UniqueFd parent_;
};

/// Writes beside the output; nothing of the host is touched before the first entry came.
class ExportSink : public tree::Sink {
 public:
  ExportSink(Output& output, const PendingExports& exports, const Work& work)
      : output_(output), exports_(exports), work_(work) {}

  void entry(const tree::Entry& entry) override {
    check(work_);
    if (!writer_) begin(entry);
    writer_->entry(entry);
  }
  void data(std::string_view bytes) override {
    check(work_);
    writer_->data(bytes);
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
      throw failed_precondition("only files, directories and symlinks can be exported");
    }
    output_.open_parent();
    pending_.emplace(exports_, output_.path().parent_path());
    writer_.emplace(output_.parent(), pending_->name(), tree::Trust::kHost,
                    tree::WriterLimits{.entries = kExportEntries, .bytes = kExportBytes});
  }

  Output& output_;
  const PendingExports& exports_;
  const Work& work_;
  std::optional<PendingExports::Export> pending_;
  std::optional<tree::Writer> writer_;
};

}  // namespace

api::Exported export_path(GuestTree& guest, const PendingExports& exports,
                          const api::OnMachine<api::ExportPath>& request, const Work& work) {
  const std::string path = workspace_path(request.request.path);
  Output output(request.request.output_path);
  ExportSink sink(output, exports, work);
  guest.stream(api::agent::SendTree{.path = path}, sink);
  const tree::Writer& written = sink.finish();
  return {.workspace_id = request.request.workspace_id,
          .workspace_path = to_valid_utf8(absolute_workspace_path(path)),
          .output_path = output.path().string(),
          .artifact_type = artifact_type(written.top_kind()),
          .entry_count = written.totals().entries,
          .bytes_written = written.totals().bytes,
          .skipped_count = written.totals().skipped,
          .execution_mode = request.execution_mode};
}

}  // namespace pyro::files
