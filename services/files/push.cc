#include "services/files/push.h"

#include "common/config/volume.h"
#include "common/fault/fault.h"
#include "services/files/artifact.h"
#include "services/files/guest_change.h"
#include "services/files/host_source.h"
#include "services/files/volume/volume_reader.h"
#include "services/files/work_check.h"
#include "services/files/workspace_path.h"

namespace pyro::files {
namespace {

/// Passes a tree on, counts it, and ends with the work.
class CheckedSink : public tree::Sink {
 public:
  CheckedSink(tree::Sink& next, const Work& work) : next_(next), work_(work) {}

  void entry(const tree::Entry& entry) override {
    check(work_);
    if (!entry.path.empty()) ++size_.entry_count;
    next_.entry(entry);
  }
  void data(std::string_view bytes) override {
    check(work_);
    size_.bytes_written += bytes.size();
    next_.data(bytes);
  }
  void end_file() override { next_.end_file(); }
  const api::TreeSize& size() const { return size_; }

 private:
  tree::Sink& next_;
  const Work& work_;
  api::TreeSize size_;
};

/// Leaves out what cannot be staged in a guest.
class WithoutOthers : public tree::Sink {
 public:
  explicit WithoutOthers(tree::Sink& next) : next_(next) {}

  void entry(const tree::Entry& entry) override {
    if (entry.kind != tree::EntryKind::kOther) next_.entry(entry);
  }
  void data(std::string_view bytes) override { next_.data(bytes); }
  void end_file() override { next_.end_file(); }

 private:
  tree::Sink& next_;
};

}  // namespace

api::PushedSync push(GuestTree& guest, const api::OnMachine<api::PushSync>& request,
                     const Work& work) {
  fault::point("files.push.begun");
  const std::string destination = workspace_path(request.request.dest, PathUse::kDestination);
  const HostSource source("source_path", request.request.source_path,
                          links_for(request.request.by_model));
  GuestChange change(guest, destination);
  WithoutOthers sink(change.sink());
  const tree::Totals totals = source.give(sink, work, kWorkspaceDiskBytes);
  change.commit();
  return {.execution_mode = request.execution_mode,
          .workspace_sync = {copied(totals), source.mode(), request.request.source_path,
                             absolute_workspace_path(destination)}};
}

api::TreeSize fill_workspace(GuestTree& guest, const api::FillWorkspace& request,
                             const Work& work) {
  const volume::VolumeReader volume(request.volume);
  GuestChange change(guest, "");
  CheckedSink sink(change.sink(), work);
  volume.walk(sink);
  change.commit();
  return sink.size();
}

}  // namespace pyro::files
