#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/git/git.h"
#include "common/source/repository.h"

namespace pyro::files {

/// The settings of one configuration by their lower-case names (`core.autocrlf`), the last value of
/// each; nullopt: a name without a value, which git takes for true.
using GitSettings = std::map<std::string, std::optional<std::string>, std::less<>>;

/// Of a configuration as git reads a boolean; false also for what is none.
bool is_true(const GitSettings& settings, std::string_view name);
/// The value as text; "" without one.
std::string text_of(const GitSettings& settings, std::string_view name);

/// core.fileMode; true without it.
bool has_file_modes(const GitSettings& settings);

/// The settings of a repository (config, and config.worktree where it says so). Follows no include
/// and obeys nothing of what it reads.
/// failed_precondition: damaged.
GitSettings settings_of_repository(const source::Repository& repository, const Git& git);

/// The settings of the person who runs this service: system, then user, as git finds them, with
/// their includes and conditions on the place of `repository`.
/// failed_precondition: damaged.
GitSettings settings_of_person(const source::Repository& repository, const Git& git);

/// The person's own ignore rules (core.excludesFile); "" without any.
std::string ignore_rules_of_person(const GitSettings& of_person);

/// A configuration's line for one setting, `\tname = "value"\n`, with the value quoted.
std::string setting_line(std::string_view name, std::string_view value);

}  // namespace pyro::files
