/**
 * The demo's data set: little drawn scenes with captions from a grammar.
 *
 * <p>A {@link io.llm2clip.demo.scenes.Scene} is a list of facts. {@link io.llm2clip.demo.scenes.SceneGenerator} draws it
 * at random, {@link io.llm2clip.demo.scenes.SceneRenderer} paints it, {@link io.llm2clip.demo.scenes.CaptionGrammar}
 * describes it. Every concept has three wordings ({@link io.llm2clip.demo.scenes.Words}): image captions use the first
 * one only, the text corpus all three, and held-out queries only the other two. A text encoder that learned nothing but
 * image captions cannot know those; a language model that read the corpus can. {@link
 * io.llm2clip.demo.scenes.DemoDataSet} writes all of it to disk in the layout that a user's own data would have.
 */
@NullMarked
package io.llm2clip.demo.scenes;

import org.jspecify.annotations.NullMarked;
