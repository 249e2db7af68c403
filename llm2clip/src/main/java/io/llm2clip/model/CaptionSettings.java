package io.llm2clip.model;

import io.llm2clip.text.CaptionFormat;
import io.llm2clip.text.ChatTemplate;
import io.llm2clip.text.Pooling;
import io.llm2clip.text.SpecialTokens;
import io.llm2clip.text.Tokenizer;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What the files of a text encoder say of how it takes captions. A format that it was saved with decides alone; without one the template
 * is the one that LLM2CLIP's code applies to the model.
 *
 * @param saved what a caption.json says, if there is one
 * @param llm2vec what a llm2vec_config.json says
 * @param family the architecture
 * @param name what the model was once fetched as, such as {@code Qwen/Qwen2-7B-Instruct}; empty if no file says so
 * @param chatTemplate the tokenizer's, for conversations, in Jinja; empty if it has none
 */
record CaptionSettings(
        Optional<CaptionReading> saved, Llm2VecConfig llm2vec, LlamaFamily family, String name, String chatTemplate) {

    /** What the files of a directory say. */
    static CaptionSettings read(Path directory, LlamaFamily family) {
        return new CaptionSettings(
                TextFiles.savedCaptions(directory),
                Llm2VecConfig.read(directory),
                family,
                ConfigFile.read(directory.resolve(ModelDirectory.CONFIG)).string("_name_or_path", ""),
                TokenizerFiles.chatTemplate(directory));
    }

    /**
     * The same with what is said beside an adapter. A llm2vec_config.json is asked for there alone: one beside the base says how that was used
     * before. A caption.json beside the base holds where nothing beside the adapter says otherwise.
     */
    CaptionSettings adapted(Path adapter) {
        Llm2VecConfig said = Llm2VecConfig.read(adapter);
        Optional<CaptionReading> own = TextFiles.savedCaptions(adapter);
        return new CaptionSettings(
                own.isEmpty() && said.equals(Llm2VecConfig.NONE) ? saved : own, said, family, name, chatTemplate);
    }

    /** How captions are read by a tokenizer of this model, and special tokens as that one takes them. */
    CaptionReading reading(Tokenizer tokenizer) {
        return new CaptionReading(
                format(tokenizer), pooling(), saved.map(CaptionReading::causal).orElse(false));
    }

    Pooling pooling() {
        return saved.map(CaptionReading::pooling)
                .orElseGet(() -> llm2vec.pooling().orElse(Pooling.MEAN));
    }

    /** How special tokens in captions are taken. */
    SpecialTokens specialTokens() {
        return saved.map(captions -> captions.format().specialTokens()).orElse(SpecialTokens.AS_TEXT);
    }

    /** The format in which a tokenizer of this model takes captions, and special tokens as that one does. */
    CaptionFormat format(Tokenizer tokenizer) {
        return saved.map(CaptionReading::format)
                .orElseGet(() -> llm2vec.over(CaptionFormat.of(template(tokenizer))))
                .with(tokenizer.specialTokens());
    }

    /** With an end-of-text token where the pooled state is that one's; Llama 3's template ends with a token of its own. */
    private ChatTemplate template(Tokenizer tokenizer) {
        ChatTemplate template = usual(tokenizer);
        return pooling() == Pooling.EOS_TOKEN && template != ChatTemplate.LLAMA3
                ? template.withEndOfText(endOfText(tokenizer))
                : template;
    }

    /** By the name as the reference does it; a model of another name by what its tokenizer has, since the reference's users rename theirs. */
    private ChatTemplate usual(Tokenizer tokenizer) {
        ChatTemplate named = ChatTemplate.forModel(name);
        if (named != ChatTemplate.NONE) {
            return named;
        }
        if (has(tokenizer, "<|start_header_id|>", "<|eot_id|>")) {
            return ChatTemplate.LLAMA3;
        }
        return switch (family) {
            case PHI3 -> has(tokenizer, "<|user|>", "<|end|>") ? ChatTemplate.PHI3 : ChatTemplate.NONE;
            case QWEN2 -> has(tokenizer, "<|im_start|>", "<|im_end|>") ? ChatTemplate.QWEN2 : ChatTemplate.NONE;
            case GEMMA -> has(tokenizer, "<start_of_turn>", "<end_of_turn>") ? ChatTemplate.GEMMA : ChatTemplate.NONE;
            // Their instructions have no tokens of their own.
            case LLAMA, MISTRAL -> chatTemplate.contains("[INST]") ? ChatTemplate.MISTRAL : ChatTemplate.NONE;
        };
    }

    private String endOfText(Tokenizer tokenizer) {
        return switch (family) {
            case LLAMA, MISTRAL -> has(tokenizer, "<|end_of_text|>") ? "<|end_of_text|>" : " </s>";
            case GEMMA -> "<eos>";
            case QWEN2, PHI3 -> "<|endoftext|>";
        };
    }

    private static boolean has(Tokenizer tokenizer, String... tokens) {
        return Stream.of(tokens).allMatch(token -> tokenizer.tokenToId(token).isPresent());
    }
}
