#include "host-helpers/hosts/host_tools.h"

#include <algorithm>

#include "common/api/json_codec.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/hosts.h"
#include "common/fault/fault.h"
#include "host-helpers/hosts/denied_settings.h"
#include "host-helpers/hosts/settings_file.h"

namespace pyro::hosts {
namespace {

namespace fs = std::filesystem;
using api::Json;

constexpr unsigned kToolsFileMode = 0644;

DeniedSettings read_denied(const fs::path& record) {
  const auto text = read_settings_file(record);
  if (!text) return {};
  return api::from_json_text<DeniedSettings>(*text, api::UnknownFields::kIgnore, record.string());
}

void write_denied(const fs::path& record, const DeniedSettings& denied) {
  write_file_atomically(record, api::to_json_text(denied, 2) + "\n");
}

bool holds(const Json& settings, const ToolSetting& setting) {
  const Json* value = find_setting(settings, setting.path);
  if (value == nullptr) return false;
  if (!setting.element) return *value == setting.value;
  return value->is_array() &&
         std::find(value->begin(), value->end(), setting.value) != value->end();
}

Json read_tools_file(const ChatHost& host, const fs::path& file) {
  try {
    return read_settings(host.syntax(), read_settings_file(file).value_or(""));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInvalidArgument) throw;
    throw failed_precondition(reason::kSettingsBroken, "'{}' cannot be read ({}): mend it first",
                              file.string(), error.message());
  }
}

/// The text without what pyro wrote, or nullopt if it was changed since.
std::optional<std::string> given_back(Syntax syntax, const std::string& text,
                                      const DeniedSetting& denied) {
  const Json settings = read_settings(syntax, text);
  const ToolSetting setting{denied.path, Json::parse(denied.value), denied.element};
  if (!holds(settings, setting)) return std::nullopt;
  if (setting.element) return without_element(text, setting.path, setting.value);
  if (!denied.before) return without_setting(syntax, text, setting.path);
  return with_setting(syntax, text, setting.path, Json::parse(*denied.before));
}

/// A file that pyro made goes with its last setting.
void remove_if_empty(Syntax syntax, const fs::path& file) {
  const auto text = read_settings_file(file);
  if (!text || !read_settings(syntax, *text).empty()) return;
  if (text->find('#') != std::string::npos || text->find('/') != std::string::npos) return;
  std::error_code none;
  fs::remove(file, none);
  fs::remove(file.parent_path(), none);  // only if nothing else is there
}

}  // namespace

std::optional<fs::path> deny_host_tools(const ChatHost& host, const fs::path& project,
                                        const fs::path& record) {
  const fs::path file = host.tools_file(project);
  const DirectoryLock lock(record.parent_path());
  const Json settings = read_tools_file(host, file);
  DeniedSettings denied = read_denied(record);
  std::vector<ToolSetting> missing;
  std::error_code none;
  const bool made_file = !fs::exists(fs::symlink_status(file, none));
  for (const auto& setting : host.tool_settings()) {
    if (holds(settings, setting)) continue;
    missing.push_back(setting);
    const Json* before = setting.element ? nullptr : find_setting(settings, setting.path);
    denied.settings.push_back(
        {.host = std::string(api::name_of(host.name())),
         .file = file.string(),
         .path = setting.path,
         .element = setting.element,
         .value = setting.value.dump(),
         .before = before == nullptr ? std::nullopt : std::optional(before->dump()),
         .made_file = made_file});
  }
  if (missing.empty()) return std::nullopt;
  const auto with_all = [&](const std::string& text) -> std::optional<std::string> {
    std::string changed = text;
    for (const auto& setting : missing) {
      changed = setting.element ? with_element(changed, setting.path, setting.value)
                                : with_setting(host.syntax(), changed, setting.path, setting.value);
    }
    return changed;
  };
  with_all(read_settings_file(file).value_or(""));  // refuses before anything is recorded
  // First the record: what it names and the file does not have is passed over later.
  write_denied(record, denied);
  fault::point("hosts.recorded");
  change_settings_file(file, kToolsFileMode, with_all);
  return file;
}

std::vector<fs::path> give_back_host_tools(const ChatHost& host, const fs::path& record,
                                           std::vector<std::string>& details) {
  std::vector<fs::path> changed;
  std::error_code none;
  if (!fs::exists(record, none)) return changed;
  const DirectoryLock lock(record.parent_path());
  DeniedSettings denied = read_denied(record);
  DeniedSettings left;
  const auto note_once = [&details](std::string detail) {
    if (std::find(details.begin(), details.end(), detail) == details.end()) {
      details.push_back(std::move(detail));
    }
  };
  // The last one first: of one setting that was taken twice, the first has what was there before.
  std::reverse(denied.settings.begin(), denied.settings.end());
  for (const auto& setting : denied.settings) {
    if (setting.host != api::name_of(host.name())) {
      left.settings.push_back(setting);
      continue;
    }
    const fs::path file = setting.file;
    try {
      const FileChange done = change_settings_file(
          file, kToolsFileMode,
          [&](const std::string& text) { return given_back(host.syntax(), text, setting); });
      if (done.changed) {
        if (std::find(changed.begin(), changed.end(), file) == changed.end()) {
          changed.push_back(file);
        }
      }
      if (setting.made_file) remove_if_empty(host.syntax(), file);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) throw;
      left.settings.push_back(setting);
      note_once(fmt::format("'{}' still denies tools: {}", file.string(), error.message()));
    }
  }
  std::reverse(left.settings.begin(), left.settings.end());
  fault::point("hosts.given_back");
  write_denied(record, left);
  return changed;
}

HostTools host_tools_in(const ChatHost& host, const Surroundings& here, const fs::path& project,
                        std::vector<std::string>& details) {
  const auto wanted = host.tool_settings();
  std::vector<bool> in_force(wanted.size(), false);
  for (const auto& place : host.tools_places(here, project)) {
    Json settings;
    try {
      const auto text = place.text ? place.text : read_settings_file(place.file);
      if (!text) continue;
      settings = read_settings(host.syntax(), *text);
    } catch (const Error&) {
      continue;  // said of its entry, or no file of pyro's
    }
    bool counts = false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const bool here_too = holds(settings, wanted[i]);
      counts = counts || here_too;
      if (place.not_read) continue;
      // In a list each file adds; of other settings the last file counts.
      if (here_too) in_force[i] = true;
      if (!here_too && !wanted[i].element && find_setting(settings, wanted[i].path) != nullptr) {
        in_force[i] = false;
      }
    }
    if (counts && place.not_read) {
      details.push_back(fmt::format("'{}' denies {}'s own tools, but does not count yet: {}",
                                    place.file.string(), host.title(), *place.not_read));
    }
  }
  const auto denied = std::count(in_force.begin(), in_force.end(), true);
  if (denied == 0) return HostTools::kAllowed;
  return static_cast<std::size_t>(denied) == wanted.size() ? HostTools::kDenied
                                                           : HostTools::kPartlyDenied;
}

}  // namespace pyro::hosts
