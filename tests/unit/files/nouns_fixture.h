#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "services/files/export.h"
#include "services/files/push.h"
#include "tests/support/errors.h"
#include "tests/unit/files/real_guest.h"

namespace pyro {

namespace fs = std::filesystem;

/// One workspace of each kind of thing.
inline testing::HostTree small_tree() {
  return {{"a.txt", testing::text_file("one\n")},
          {"bin/run", testing::text_file("#!/bin/sh\n", 0755)},
          {"bin/link", testing::symlink_to("run")},
          {"caf\xE9", testing::text_file("x")},
          {"d/e/f", testing::text_file(std::string(200000, 'x'))}};
}

class FilesNouns : public ::testing::Test {
 protected:
  FilesNouns() { testing::write_tree(guest_.tree(), small_tree()); }

  files::PendingExports exports() { return files::PendingExports(directory_ / "exports"); }

  template <class Op>
  static api::OnMachine<Op> on_machine(Op request) {
    return {.vm_id = "vm", .request = std::move(request)};
  }

  api::Exported export_to(const std::string& path, const fs::path& output, bool by_model = false,
                          const std::string& guarded_below = "") {
    auto guest = guest_.connect();
    return files::export_path(guest, exports(), limits_,
                              on_machine(api::ExportPath{.workspace_id = "w",
                                                         .path = path,
                                                         .output_path = output.string(),
                                                         .by_model = by_model,
                                                         .guarded_below = guarded_below}),
                              work_);
  }

  api::PushedSync push_from(const fs::path& source, const std::string& destination,
                            bool by_model = false) {
    auto guest = guest_.connect();
    return files::push(guest,
                       on_machine(api::PushSync{.workspace_id = "w",
                                                .source_path = source.string(),
                                                .dest = destination,
                                                .by_model = by_model}),
                       work_);
  }

  std::vector<std::string> names_in_directory() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory_.path())) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  files::ExportLimits limits_;
  testing::TestDirectory directory_;
  testing::RealGuest guest_;
  Work work_ = testing::work_for(std::chrono::seconds(30));
};

}  // namespace pyro
