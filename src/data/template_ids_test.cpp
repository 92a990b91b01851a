// The ids of every line of templates.jsonl, with the tokens that each template gives its tokenizer.
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "chat/reference_row.h"
#include "tokenizer/tokenizer.h"

namespace llmbox {
namespace {

using TokenizerPtr = std::shared_ptr<const Tokenizer>;

// Each template's tokenizer, made once.
class FittedTokenizers {
 public:
  FittedTokenizers() : meta_(read_json_file(shared_path("fixtures/llama_factory/templates_meta.json"))) {}

  /// The state that the reference recorded of the template's tokenizer.
  const Json& state(const std::string& chat_template, const std::string& name) const {
    const Json& row = meta_.at(chat_template);
    return row["tokenizer"]["name"] == name ? row["tokenizer"] : row["other_tokenizers"].at(name);
  }

  const Tokenizer& of(const ChatTemplate& made, const std::string& chat_template, const std::string& name) {
    TokenizerPtr& fitted = fitted_[chat_template + "/" + name];
    if (fitted) return *fitted;
    TokenizerPtr& plain = plain_[name];
    if (!plain) plain = Tokenizer::load(shared_path("fixtures/tokenizers") / name / "tokenizer.json");
    // The reference's recording added the names of single-token slots beforehand.
    TokenRoles roles;
    for (const Json& token : state(chat_template, name)["added_for_token_slots"]) roles.special.push_back(token);
    for (const std::string& word : made.stop_words()) roles.special.push_back(word);
    const std::map<std::string, std::string> eos = {
        {"llama3", "<|end_of_text|>"}, {"qwen2", "<|endoftext|>"}, {"llama2", "</s>"}};
    roles.eos = made.eos_replacement().empty() ? eos.at(name) : made.eos_replacement();
    fitted = plain->with_roles(roles);
    return *fitted;
  }

 private:
  Json meta_;
  std::map<std::string, TokenizerPtr> plain_, fitted_;
};

// Each piece of the conversation in ids, joined by turns.
Json turns_in_ids(const std::vector<TemplatePiece>& pieces, const Tokenizer& tokenizer) {
  Json turns = Json::array();
  bool last_target = true;
  for (const TemplatePiece& piece : pieces) {
    if ((last_target && !piece.is_target) || turns.empty()) turns.push_back({Json::array(), Json::array()});
    for (int32_t id : tokenizer.encode(piece.text, {.parse_special = true}))
      turns.back()[piece.is_target].push_back(id);
    last_target = piece.is_target;
  }
  return turns;
}

TEST(TemplateIds, EqualTheReference) {
  REQUIRE_SHARED();
  FittedTokenizers tokenizers;
  std::ifstream file(shared_path("fixtures/llama_factory/templates.jsonl"));
  std::map<std::string, int> failures;
  int compared = 0;
  for (std::string line; std::getline(file, line);) {
    const Json row = Json::parse(line);
    if (!row.contains("ids")) continue;
    const std::string name = row["template"], tokenizer_name = row["tokenizer"];
    const ReferenceRow reference(row);
    const Tokenizer& tokenizer = tokenizers.of(reference.made, name, tokenizer_name);
    const Json ids =
        turns_in_ids(reference.made.encode_pieces(reference.messages, reference.tools, reference.variables), tokenizer);
    ++compared;
    if (ids != row["ids"] && ++failures[name + " " + tokenizer_name] == 1)
      ADD_FAILURE() << name << " " << tokenizer_name << " " << row["case"] << "\n  expected "
                    << row["ids"].dump().substr(0, 900) << "\n  got      " << ids.dump().substr(0, 900);
  }
  for (const auto& [name, n] : failures) std::cerr << name << ": " << n << " lines differ\n";
  EXPECT_EQ(compared, 2356);
}

TEST(TemplateIds, EqualTheReferenceWhereArgumentsChangeATemplate) {
  REQUIRE_SHARED();
  FittedTokenizers tokenizers;
  std::ifstream file(shared_path("fixtures/llama_factory/template_args.jsonl"));
  int compared = 0;
  for (std::string line; std::getline(file, line);) {
    const Json row = Json::parse(line);
    if (!row.contains("ids") || !row["template"].is_string()) continue;  // refusals; no template named
    const std::string name = row["template"];
    const auto made = ChatTemplate::from_row(ReferenceRow::row_of(name), tokens_of(row["tokenizer"]), fixed_clock());
    const Messages messages(row["messages"].begin(), row["messages"].end());
    const Json tools = row["tools"].is_string() ? Json::parse(row["tools"].get<std::string>()) : Json();
    EXPECT_EQ(
        turns_in_ids(made.encode_pieces(messages, tools, row["args"]), tokenizers.of(made, name, row["tokenizer"])),
        row["ids"])
        << name << row["args"];
    ++compared;
  }
  EXPECT_EQ(compared, 7);
}

TEST(TemplateIds, TokensAndRolesEqualTheReference) {
  REQUIRE_SHARED();
  FittedTokenizers tokenizers;
  for (const TemplateRow& row : template_table()) {
    const ChatTemplate made = ChatTemplate::from_row(row);
    const Tokenizer& tokenizer = tokenizers.of(made, row.name, "llama3");
    const Json& state = tokenizers.state(row.name, "llama3");
    EXPECT_EQ(tokenizer.eos_id(), state["eos"][1].get<int32_t>()) << row.name;
    EXPECT_EQ(tokenizer.pad_id(), state["pad"][1].get<int32_t>()) << row.name;
    for (const Json& added : state["added_tokens"]) {
      EXPECT_EQ(tokenizer.token_to_id(added[0].get<std::string>()), added[1].get<int32_t>()) << row.name;
      EXPECT_TRUE(tokenizer.is_special(added[1].get<int32_t>())) << row.name;
    }
    EXPECT_EQ(tokenizer.vocab_size(), 128256 + static_cast<int32_t>(state["added_tokens"].size())) << row.name;
  }
}

}  // namespace
}  // namespace llmbox
