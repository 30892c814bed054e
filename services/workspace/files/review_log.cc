#include "services/workspace/files/review_log.h"

#include <fmt/core.h>

#include <exception>
#include <utility>

#include "common/api/message_table.h"
#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/log/log.h"
#include "common/secrets/redacted_message.h"

namespace pyro::workspace {
namespace {

constexpr std::size_t kMostPaths = 20;

std::vector<std::string> first_of(std::vector<std::string> paths) {
  if (paths.size() > kMostPaths) paths.resize(kMostPaths);
  return paths;
}

/// Whether the files service has refused the request, or its outcome is unknown.
bool is_refusal(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
    case ErrorCode::kFailedPrecondition:
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kResourceExhausted:
      return true;
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kUnavailable:
    case ErrorCode::kCancelled:
    case ErrorCode::kInternal:
      return false;
  }
  return false;
}

}  // namespace

ReviewLog::ReviewLog(Registry& registry, Workspaces& workspaces, Secrets& secrets)
    : workspaces_(workspaces), secrets_(secrets), rows_(registry, "workspace_events") {
  workspaces_.add(*this);
}

ReviewLog::Entry::Entry(ReviewLog& log, std::string row, std::shared_ptr<const Redactor> redactor,
                        ReviewEvent event)
    : log_(log), row_(std::move(row)), redactor_(std::move(redactor)), event_(std::move(event)) {
  const std::lock_guard lock(log_.mutex_);
  put(event_);
  log_.under_way_.insert(*event_.pending);
}

ReviewLog::Entry::~Entry() {
  const std::lock_guard lock(log_.mutex_);
  log_.under_way_.erase(*event_.pending);
}

void ReviewLog::Entry::put(ReviewEvent event) {
  if (redactor_) redact_message(*redactor_, event);
  log_.rows_.put(row_, event);
}

void ReviewLog::Entry::confirm(std::vector<std::string> paths) {
  event_.edit->paths = first_of(std::move(paths));
  confirm();
}

void ReviewLog::Entry::confirm(const api::Exported& exported) {
  event_.exported->workspace_path = exported.workspace_path;
  event_.exported->output_path = exported.output_path;
  event_.exported->artifact_type = exported.artifact_type;
  confirm();
}

void ReviewLog::Entry::confirm() {
  settle([this] {
    // A reset or a delete may have removed it, and nothing removes it once more.
    if (!log_.rows_.contains(row_)) return;
    ReviewEvent confirmed = event_;
    confirmed.pending.reset();
    put(std::move(confirmed));
  });
}

void ReviewLog::Entry::retract() {
  settle([this] { log_.rows_.erase(row_); });
}

void ReviewLog::Entry::failed(const Error& error) {
  if (is_refusal(error)) retract();
}

void ReviewLog::Entry::settle(const std::function<void()>& write) {
  try {
    const std::lock_guard lock(log_.mutex_);
    write();
  } catch (const std::exception& error) {
    log::error("a review event remains unconfirmed: {}", error.what());
  }
}

std::unique_ptr<ReviewLog::Entry> ReviewLog::begin_edit(const WorkspaceRecord& record,
                                                        std::string kind,
                                                        std::vector<std::string> paths) {
  return begin(record, {.edit = api::EditEvent{.kind = std::move(kind),
                                               .recorded_at = now_epoch_seconds(),
                                               .paths = first_of(std::move(paths))}});
}

std::unique_ptr<ReviewLog::Entry> ReviewLog::begin_export(const WorkspaceRecord& record,
                                                          api::ExportEvent event) {
  event.recorded_at = now_epoch_seconds();
  return begin(record, {.exported = std::move(event)});
}

std::unique_ptr<ReviewLog::Entry> ReviewLog::begin(const WorkspaceRecord& record,
                                                   ReviewEvent event) {
  event.pending = random_hex(4);
  // In the order of time; the random part keeps two of one moment apart.
  std::string row =
      fmt::format("{}{:018.6f}-{}", record.session_prefix(), now_epoch_seconds(), *event.pending);
  auto entry =
      std::make_unique<Entry>(*this, std::move(row), secrets_.redactor(record), std::move(event));
  // An export has no turn: a reset or a delete may have passed the row before it was there.
  const auto now = workspaces_.table().get(record.id());
  if (!now || now->session != record.session) entry->retract();
  return entry;
}

template <class Event>
std::vector<Event> ReviewLog::all(const WorkspaceRecord& record,
                                  std::optional<Event> ReviewEvent::*kind) const {
  const std::lock_guard lock(mutex_);
  std::vector<Event> found;
  for (auto& row : rows_.last_below(record.session_prefix())) {
    auto& event = row.*kind;
    if (!event || (row.pending && under_way_.contains(*row.pending))) continue;
    if (row.pending) event->unconfirmed = true;
    found.push_back(std::move(*event));
  }
  return found;
}

std::vector<api::EditEvent> ReviewLog::edits(const WorkspaceRecord& record) const {
  return all(record, &ReviewEvent::edit);
}

std::vector<api::ExportEvent> ReviewLog::exports(const WorkspaceRecord& record) const {
  return all(record, &ReviewEvent::exported);
}

std::vector<api::ServiceEvent> ReviewLog::services(const WorkspaceRecord& record) const {
  return all(record, &ReviewEvent::service);
}

void ReviewLog::add(const WorkspaceRecord& record, api::ServiceEvent event) {
  begin(record, {.service = std::move(event)})->confirm();
}

void ReviewLog::collect_garbage(const WorkspaceRecord& record) {
  const std::lock_guard lock(mutex_);
  for (std::uint32_t session = 0; session < record.session; ++session) {
    rows_.erase_below(fmt::format("{}/{:06}/", record.id(), session));
  }
}

void ReviewLog::forget(const std::string& workspace_id) {
  const std::lock_guard lock(mutex_);
  rows_.erase_below(workspace_id + "/");
}

}  // namespace pyro::workspace

PYRO_TABLE(pyro::workspace::ReviewEvent)
