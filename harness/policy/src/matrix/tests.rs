mod cells;
mod formats;
mod given;
mod plans;
mod portsets;
mod rowsets;
