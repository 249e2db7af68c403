package io.llm2clip.demo.scenes;

/**
 * One thing in a scene, in pixels of 128.
 *
 * @param x horizontal centre
 * @param y base of a ground object, vertical centre of a flying one
 * @param height nominal height
 */
public record SceneObject(Kind kind, Colour colour, Pattern pattern, Size size, Slot slot, int x, int y, int height) {}
