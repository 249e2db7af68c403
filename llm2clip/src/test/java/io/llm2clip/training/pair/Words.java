package io.llm2clip.training.pair;

import io.llm2clip.text.CaptionRow;
import java.util.List;

/** Token rows of a token per word, its hash; instructions are words, too, and are not pooled. */
final class Words implements TextRows {
    @Override
    public List<CaptionRow> rows(List<String> texts) {
        return texts.stream().map(text -> row("", text)).toList();
    }

    @Override
    public CaptionRow row(String instruction, String text) {
        int[] ids = (instruction + " " + text)
                .strip()
                .lines()
                .flatMap(line -> List.of(line.split(" ")).stream())
                .mapToInt(String::hashCode)
                .toArray();
        return new CaptionRow(ids, ids.length - text.split(" ").length, ids.length, false);
    }
}
