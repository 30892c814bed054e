#include "services/vm/drivers/template_shape.h"

#include <gmock/gmock.h>

#include <set>

#include "common/api/message_type.h"
#include "common/digest/sha256.h"

namespace pyro::vm {
namespace {

TemplateShape whole_shape() {
  return {.environment_digest = "e",
          .kernel_digest = "k",
          .initramfs = "i",
          .vcpu_count = 2,
          .mem_mib = 512,
          .accelerator = "tcg",
          .vmm_version = "QEMU 7.2",
          .host_cpu = "cpu",
          .command_line = "qemu -M microvm"};
}

/// The whole shape with another value in `member`.
template <class Value>
TemplateShape with(Value TemplateShape::*member, Value value) {
  TemplateShape shape = whole_shape();
  shape.*member = std::move(value);
  return shape;
}

/// One shape for each field, with the words for what differs.
std::vector<std::pair<TemplateShape, std::string>> changed_shapes() {
  return {
      {with(&TemplateShape::environment_digest, std::string("x")), "the environment"},
      {with(&TemplateShape::kernel_digest, std::string("x")), "the kernel"},
      {with(&TemplateShape::initramfs, std::string("x")), "the agent"},
      {with(&TemplateShape::vcpu_count, 1U), "the number of CPUs"},
      {with(&TemplateShape::mem_mib, 1024U), "the memory"},
      {with(&TemplateShape::accelerator, std::string("kvm")), "the accelerator"},
      {with(&TemplateShape::vmm_version, std::string("QEMU 9")), "the VMM"},
      {with(&TemplateShape::host_cpu, std::string("x")), "the host's processor"},
      {with(&TemplateShape::command_line, std::string("x")), "the VMM's command line"},
  };
}

std::size_t number_of_fields() { return api::message_type<TemplateShape>().fields.size(); }

TEST(TemplateShape, has_another_key_for_each_field_that_differs) {
  std::set<std::string> keys{whole_shape().key()};
  for (const auto& [shape, words] : changed_shapes()) {
    EXPECT_TRUE(keys.insert(shape.key()).second) << words;
  }
  EXPECT_EQ(keys.size(), number_of_fields() + 1) << "a field was added without a test";
}

TEST(TemplateShape, has_the_same_key_as_its_equal_and_the_key_is_a_digest) {
  EXPECT_EQ(whole_shape().key(), whole_shape().key());
  EXPECT_TRUE(is_sha256(whole_shape().key()));
}

TEST(TemplateShape, does_not_take_a_text_in_one_field_for_the_same_in_the_next) {
  TemplateShape one = whole_shape();
  one.environment_digest = "ek";
  one.kernel_digest = "";
  TemplateShape other = whole_shape();
  other.environment_digest = "e";
  other.kernel_digest = "k";
  EXPECT_NE(one.key(), other.key());
}

TEST(TemplateShape, names_what_differs_in_words) {
  EXPECT_EQ(whole_shape().difference_to(whole_shape()), "");
  for (const auto& [shape, words] : changed_shapes()) {
    EXPECT_EQ(whole_shape().difference_to(shape), words);
    EXPECT_EQ(shape.difference_to(whole_shape()), words);
  }
}

TEST(TemplateShape, names_all_that_differs_but_the_command_line_only_when_nothing_else_does) {
  TemplateShape other = whole_shape();
  other.kernel_digest = "x";
  other.mem_mib = 1024;
  other.command_line = "qemu -m 1024M";
  EXPECT_EQ(whole_shape().difference_to(other), "the kernel, the memory");
}

}  // namespace
}  // namespace pyro::vm
