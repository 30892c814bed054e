#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/api/workspace_export.h"
#include "common/api/workspace_summary.h"
#include "common/base/error.h"
#include "common/registry/registry.h"
#include "services/workspace/part.h"
#include "services/workspace/secrets/secrets.h"
#include "services/workspace/workspaces.h"

namespace pyro::workspace {

/// A row of the table `workspace_events`: one of the three.
struct ReviewEvent {
  std::optional<api::EditEvent> edit;
  std::optional<api::ExportEvent> exported;
  std::optional<api::ServiceEvent> service;
  std::optional<std::string> pending;

  template <class Fields>
  static void describe(Fields& f) {
    f("edit", &ReviewEvent::edit, "Something was written from outside.");
    f("export", &ReviewEvent::exported, "Something was exported.");
    f("service", &ReviewEvent::service, "Something became of a service.");
    f("pending", &ReviewEvent::pending, "Its own id while its outcome is not known.");
  }
};

/// The changes of a workspace beside its commands, for its summary. An event is written before it
/// happens, as pending, and confirmed or retracted after; one that remains pending is shown as
/// unconfirmed, since it may have happened. Thread-safe.
class ReviewLog final : public Part {
 public:
  ReviewLog(Registry& registry, Workspaces& workspaces, Secrets& secrets);

  /// An event under way. Neither confirmed nor retracted it remains pending. When its outcome
  /// cannot be written, that is logged, and it remains pending as well.
  class Entry {
   public:
    Entry(ReviewLog& log, std::string row, std::shared_ptr<const Redactor> redactor,
          ReviewEvent event);
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    ~Entry();

    /// It happened: to these paths, of which an edit names at most the first 20.
    void confirm(std::vector<std::string> paths);
    void confirm(const api::Exported& exported);
    /// It did not happen.
    void retract();
    /// The files service answered with this: retracts what that has refused. The outcome of
    /// anything else is unknown.
    void failed(const Error& error);

    void confirm();

   private:
    void settle(const std::function<void()>& write);
    ReviewLog& log_;
    void put(ReviewEvent event);
    std::string row_;
    std::shared_ptr<const Redactor> redactor_;
    ReviewEvent event_;
  };

  /// In the session of `record`, also when a reset ends that meanwhile.
  std::unique_ptr<Entry> begin_edit(const WorkspaceRecord& record, std::string kind,
                                    std::vector<std::string> paths);
  std::unique_ptr<Entry> begin_export(const WorkspaceRecord& record, api::ExportEvent event);

  /// Events of the session, the latest first, without those under way.
  std::vector<api::EditEvent> edits(const WorkspaceRecord& record) const;
  std::vector<api::ExportEvent> exports(const WorkspaceRecord& record) const;
  std::vector<api::ServiceEvent> services(const WorkspaceRecord& record) const;

  /// What has happened to a service of the session.
  void add(const WorkspaceRecord& record, api::ServiceEvent event);

  void collect_garbage(const WorkspaceRecord& record) override;
  void forget(const std::string& workspace_id) override;

 private:
  std::unique_ptr<Entry> begin(const WorkspaceRecord& record, ReviewEvent event);
  template <class Event>
  std::vector<Event> all(const WorkspaceRecord& record,
                         std::optional<Event> ReviewEvent::*kind) const;

  Workspaces& workspaces_;
  Secrets& secrets_;
  mutable std::mutex mutex_;
  RecordTable<ReviewEvent> rows_;
  std::set<std::string> under_way_;  ///< those of pending events that have an Entry
};

}  // namespace pyro::workspace
