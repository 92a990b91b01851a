#include "chat/jinja.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "chat/fixed_clock.h"
#include "core/test_shared.h"

namespace llmbox {
namespace {

std::string render(const std::string& source, const Json& context = Json::object()) {
  JinjaOptions options = fixed_clock();
  options.limits.steps = 100'000;
  return JinjaTemplate::parse(source, "test", options).render(context);
}

std::string error_of(const std::string& source, const Json& context = Json::object()) {
  try {
    render(source, context);
  } catch (const JinjaError& error) {
    return error.what();
  }
  return "no error";
}

std::vector<Json> read_lines(const std::filesystem::path& path) {
  std::vector<Json> rows;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) rows.push_back(Json::parse(line));
  return rows;
}

TEST(Jinja, ErrorsNameTemplateLineAndColumn) {
  EXPECT_EQ(error_of("a\n  {{ x.y.z }}"), "[test:2:7] 'x' is undefined");
  EXPECT_EQ(error_of("{{ 1 | uper }}"), "[test:1:8] expected a filter, got 'uper'; try 'upper', 'attr' or 'lower'");
  EXPECT_EQ(error_of("{% if a %}b"), "[test:1:12] expected {% endif %}, got the end of the template");
  EXPECT_EQ(error_of("{{ raise_exception('no') }}"), "[test:1:4] no");
}

TEST(Jinja, HostileTemplatesEndWithAnError) {
  const char* const hostile[] = {
      "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
      "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
      "{% set n = namespace(s='x') %}{% for i in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}",
      "{% set n = namespace(s=[]) %}{% for i in range(9999) %}{% set n.s = [n.s] %}{% endfor %}",
      "{{ 'x' * 99999999999 }}",
      "{{ range(999999999) }}",
      "{{ '%999999999d' % 1 }}",
      "{{ 'x'.ljust(99999999999) }}",
      "{{ 9223372036854775807 + 1 }}"};
  for (const char* source : hostile) EXPECT_NE(error_of(source), "no error") << source;
  EXPECT_NE(error_of("{{ " + std::string(99999, '(')), "no error");
  std::string sum = "{{ 1";
  for (int i = 0; i < 99999; ++i) sum += "+1";
  EXPECT_NE(error_of(sum + " }}"), "no error");
}

TEST(Jinja, GenerationBlocksGiveTheirSpans) {
  const auto made = JinjaTemplate::parse("a{% generation %}b{{ x }}{% endgeneration %}c", "test");
  const RenderedSpans rendered = made.render_with_spans({{"x", "é"}});
  EXPECT_EQ(rendered.text, "abéc");
  ASSERT_EQ(rendered.generation.size(), 1U);
  EXPECT_EQ(rendered.generation[0], (std::pair<size_t, size_t>(1, 4)));
}

TEST(Jinja, LanguageCases) {
  REQUIRE_SHARED();
  const auto cases = read_lines(shared_path("fixtures/chat_templates/jinja_language.jsonl"));
  ASSERT_EQ(cases.size(), 96U);
  for (const Json& one : cases) {
    try {
      EXPECT_EQ(render(one["template"], one["context"]), one["expected"].get<std::string>()) << one["name"];
    } catch (const Error& error) {
      ADD_FAILURE() << one["name"] << ": " << error.what();
    }
  }
}

TEST(Jinja, ModelTemplates) {
  REQUIRE_SHARED();
  const auto folder = shared_path("fixtures/chat_templates");
  std::map<std::string, JinjaTemplate> templates;
  const auto cases = read_lines(folder / "cases.jsonl");
  ASSERT_EQ(cases.size(), 1177U);
  for (const Json& one : cases) {
    const std::string name = one["template"];
    if (!templates.contains(name))
      templates.emplace(name, JinjaTemplate::parse(read_text_file(folder / name), name, fixed_clock()));
    std::string got;
    try {
      got = templates.at(name).render(one["context"]);
    } catch (const JinjaError& error) {
      const bool expects_raise = one.value("error_kind", "") == "raise_exception";
      EXPECT_TRUE(one.contains("error")) << one["id"] << ": " << error.what();
      EXPECT_EQ(error.raised(), expects_raise) << one["id"] << ": " << error.what();
      EXPECT_TRUE(!expects_raise || error.message() == one["error"].get<std::string>()) << one["id"] << error.what();
      continue;
    }
    if (one.contains("error"))
      ADD_FAILURE() << one["id"] << ": expected " << one["error"];
    else
      EXPECT_EQ(got, one["expected"].get<std::string>()) << one["id"];
  }
}

}  // namespace
}  // namespace llmbox
