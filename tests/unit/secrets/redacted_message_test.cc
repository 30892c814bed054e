#include "common/secrets/redacted_message.h"

#include <gtest/gtest.h>

#include "common/api/workspace_diff.h"
#include "common/api/workspace_summary.h"

namespace pyro {
namespace {

const Redactor kRedactor({"hunter22"});

TEST(RedactedMessage, redacts_texts_wherever_they_stand) {
  api::WorkspaceSummary summary;
  summary.name = "hunter22";
  summary.labels = {{"key", "a hunter22"}};
  summary.edits.recent.push_back({.kind = "file_write", .paths = {"/workspace/hunter22"}});
  redact_message(kRedactor, summary);
  EXPECT_EQ(summary.name, "[REDACTED]");
  EXPECT_EQ(summary.labels.at("key"), "a [REDACTED]");
  EXPECT_EQ(summary.edits.recent.front().paths.front(), "/workspace/[REDACTED]");
}

TEST(RedactedMessage, leaves_ids_as_they_are) {
  const Redactor redactor({"0123"});
  api::Diff diff;
  diff.workspace_id = "0123456789ab";
  diff.patch = "0123456789ab";
  redact_message(redactor, diff);
  EXPECT_EQ(diff.workspace_id, "0123456789ab");
  EXPECT_EQ(diff.patch, "[REDACTED]456789ab");
  api::WorkspaceSummary summary;
  summary.project = "/home/0123/project";
  redact_message(redactor, summary);
  EXPECT_EQ(summary.project, "/home/0123/project") << "a server finds its workspaces by it";
}

TEST(RedactedMessage, an_error_keeps_its_code_and_reason) {
  const Error shown =
      redacted_error(kRedactor, {ErrorCode::kNotFound, "path_missing", "no hunter22"});
  EXPECT_EQ(shown.code(), ErrorCode::kNotFound);
  EXPECT_EQ(shown.reason(), "path_missing");
  EXPECT_EQ(shown.message(), "no [REDACTED]");
}

}  // namespace
}  // namespace pyro
