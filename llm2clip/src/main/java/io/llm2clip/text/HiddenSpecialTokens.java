package io.llm2clip.text;

import java.security.SecureRandom;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A tokenizer whose special tokens nobody can write: each is respelled with a random prefix, drawn anew for every tokenizer
 * that is opened. So text and special tokens go through the tokenizer together, with its own rules for what stands around a
 * special token, and only {@link #spell} makes a special token.
 */
final class HiddenSpecialTokens {
    private static final int RANDOM_CHARACTERS = 20;

    private final String prefix;
    private final Set<String> tokens = new LinkedHashSet<>();
    private final Pattern spelled;

    /** @param root a tokenizer.json, which is changed: its special tokens are respelled, their ids stay */
    HiddenSpecialTokens(JsonNode root) {
        prefix = prefix();
        for (JsonNode token : root.path("added_tokens")) {
            String content = token.path("content").asString("");
            if (token.path("special").asBoolean(false) && token instanceof ObjectNode object && !content.isEmpty()) {
                tokens.add(content);
                object.put("content", prefix + content);
            }
        }
        // Longest first, as tokenizers match.
        String alternatives = tokens.stream()
                .sorted(Comparator.comparingInt(String::length).reversed())
                .map(Pattern::quote)
                .collect(Collectors.joining("|"));
        spelled = Pattern.compile(alternatives.isEmpty() ? "(?!)" : alternatives);
        if (root.path("model") instanceof ObjectNode model && !tokens.isEmpty()) {
            respell(model);
        }
    }

    /** The text with its special tokens respelled, so that they are recognized. */
    String spell(String text) {
        return spelled.matcher(text).replaceAll(match -> Matcher.quoteReplacement(prefix + match.group()));
    }

    /** A character for private use, which no text has for a reason, and lower-case letters, which every normalizer keeps. */
    private static String prefix() {
        return new SecureRandom()
                .ints(RANDOM_CHARACTERS, 'a', 'z' + 1)
                .mapToObj(Character::toString)
                .collect(Collectors.joining("", "\ue000", ""));
    }

    /** Special tokens are part of some vocabularies, and an added token has the id of its spelling there. */
    private void respell(ObjectNode model) {
        JsonNode vocabulary = model.path("vocab");
        if (vocabulary instanceof ObjectNode ids) {
            for (String token : tokens) {
                JsonNode id = ids.remove(token);
                if (id != null) {
                    ids.set(prefix + token, id);
                }
            }
        }
        for (JsonNode piece : vocabulary) {
            if (piece instanceof ArrayNode array
                    && tokens.contains(array.path(0).asString(""))) {
                array.set(
                        0,
                        JsonNodeFactory.instance.stringNode(
                                prefix + array.get(0).asString()));
            }
        }
        String unknown = model.path("unk_token").asString("");
        if (tokens.contains(unknown)) {
            model.put("unk_token", prefix + unknown);
        }
        if (model.path("merges") instanceof ArrayNode merges) {
            // Text that merges into the spelling of a special token would become the token without ever matching it.
            merges.removeIf(this::merges);
        }
    }

    private boolean merges(JsonNode merge) {
        String left;
        String right;
        if (merge.isArray()) {
            left = merge.path(0).asString("");
            right = merge.path(1).asString("");
        } else {
            String pair = merge.asString("");
            int space = pair.indexOf(' ');
            left = pair.substring(0, Math.max(space, 0));
            right = pair.substring(space + 1);
        }
        return tokens.contains(left + right) || tokens.contains(left) || tokens.contains(right);
    }
}
