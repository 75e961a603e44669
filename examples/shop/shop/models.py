"""The tables. Prices are in cents, times in UTC, which SQLite cannot say itself."""

from __future__ import annotations

from datetime import UTC, datetime

from flask_login import UserMixin
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .extensions import db


def now():
    return datetime.now(UTC).replace(tzinfo=None)


class User(UserMixin, db.Model):
    """Somebody who signed up."""

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))


class Product(db.Model):
    """Something that a user offers."""

    __table_args__ = (
        CheckConstraint("price >= 0", "price"),
        CheckConstraint("stock >= 0", "stock"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    price: Mapped[int]
    stock: Mapped[int]
    seller_id: Mapped[int] = mapped_column(ForeignKey(User.id), index=True)

    seller: Mapped[User] = relationship()
    orders: Mapped[list[Order]] = relationship(back_populates="product")


class Order(db.Model):
    """Some pieces of a product that a user has ordered, and what all of them cost that day."""

    __tablename__ = "orders"  # "order" is a word of SQL
    __table_args__ = (CheckConstraint("quantity > 0", "quantity"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    buyer_id: Mapped[int] = mapped_column(ForeignKey(User.id), index=True)
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id), index=True)
    quantity: Mapped[int]
    cost: Mapped[int] = mapped_column(BigInteger)
    placed_at: Mapped[datetime] = mapped_column(default=now)

    product: Mapped[Product] = relationship(back_populates="orders", lazy="joined")
