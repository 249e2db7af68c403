package io.llm2clip.training.pair;

import io.llm2clip.text.CaptionRow;
import java.util.List;

/** Makes token rows of texts; safe for use by several threads. */
public interface TextRows {
    /** Rows without instruction. */
    List<CaptionRow> rows(List<String> texts);

    /** The row of a text behind an instruction. */
    CaptionRow row(String instruction, String text);
}
